// session/resp_task.h: a command that takes longer than a connection's turn.
//
//   KEYS *   -> a task: its first step at once
//   advance() -> a step, and Wait::output: the other connections of the worker have their turns
//   advance() -> a step ... the last one has written the reply -> the next command
//
// In a transaction all steps follow at once, under its locks: everybody waits for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/progress.h"
#include "cache/backend.h"

namespace larder::session {

struct CommandSpec;
struct RespCall;
struct RespState;

/// What is read, copied or hashed in one piece at most: a tenth of a millisecond or two.
inline constexpr std::size_t one_piece_size_max = std::size_t{1} << 20;
/// Of a larger value, what is hashed or compared in a step: an event loop may take 16 of them one after the
/// other.
inline constexpr std::size_t hashed_portion_size = std::size_t{256} << 10;

/// A command under way. No other command of its connection is taken before it is done.
///
/// Ownership  keeps nothing of the arguments; they are gone after the first step
/// Invariant  writes one reply, in the last steps: it does not begin before it is known whole
class Task {
 public:
  explicit Task(const CommandSpec& spec) : spec_(spec) {}
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  [[nodiscard]] const CommandSpec& spec() const { return spec_; }

  /// A tenth of a millisecond of work or so. True: it is done.
  [[nodiscard]] virtual bool step(RespCall& call) = 0;

  /// What has to happen before the next step is worth it: nothing, but that the others have their turns.
  [[nodiscard]] virtual Wait wait() const { return Wait::output; }

  /// Memory, in bytes.
  [[nodiscard]] virtual std::size_t held_size() const = 0;

  // What the slow log will say of it: the time of its steps, without that of others between them.

  void show_arguments(std::vector<std::string> shown_arguments) {
    shown_arguments_ = std::move(shown_arguments);
  }
  void add_time(std::int64_t duration_us) { duration_us_ += duration_us; }
  [[nodiscard]] std::int64_t duration_us() const { return duration_us_; }
  [[nodiscard]] std::vector<std::string> take_shown_arguments() { return std::move(shown_arguments_); }

 private:
  const CommandSpec& spec_;  // a row: it outlives everything
  std::int64_t duration_us_ = 0;
  std::vector<std::string> shown_arguments_;
};

/// An argument for as long as a task takes.
///
/// Ownership  owns it: the draft that it came in, or a copy
class KeptArgument final {
 public:
  KeptArgument(RespState& state, Bytes argument);

  /// False: it would be a copy of megabytes.
  [[nodiscard]] static bool is_cheap(const RespState& state, Bytes argument);

  [[nodiscard]] Bytes bytes() const { return draft_ != nullptr ? draft_->bytes() : Bytes(copy_); }
  /// Of the copy: a draft is the cache's.
  [[nodiscard]] std::size_t held_size() const { return copy_.capacity(); }

 private:
  std::unique_ptr<cache::Draft> draft_;
  std::string copy_;
};

/// The first step of `task`; if that is not the last, and this is no transaction, the connection goes on with
/// it in its next turns.
void begin_task(RespCall& call, std::unique_ptr<Task> task);

}  // namespace larder::session
