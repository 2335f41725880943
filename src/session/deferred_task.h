// session/deferred_task.h: a command on one large value that does the long part of its work beforehand, a
// portion at a time, while others go on.
//
//   run()   the whole command, under its key's lock -> work to be done first
//   step()  a portion of that, on a value that is borrowed ... -> done
//   run()   again: is it still the same value? -> the reply, in as little time as for a small one
//                                              -> or other work to be done first
//
// Who is overtaken time and again, or finds no memory for what he makes, runs in one piece, as inside a
// transaction: others wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/loan.h"
#include "cache/backend.h"
#include "session/resp_commands.h"
#include "session/resp_task.h"

namespace larder::session {

/// What stood under a key at one moment.
class Original final {
 public:
  /// Nothing.
  Original() = default;
  /// Borrowed if it is lent, copied otherwise.
  explicit Original(const cache::ItemView& item) : loan_(item.lend()), is_there_(true) {
    if (!loan_) copy_ = item.value;
  }
  /// Without much work: none if it is large and not lent. Null: nothing.
  [[nodiscard]] static std::optional<Original> if_cheap(const cache::ItemView* current);

  [[nodiscard]] Bytes bytes() const { return loan_ ? loan_.bytes() : Bytes(copy_); }
  [[nodiscard]] bool is_borrowed() const { return static_cast<bool>(loan_); }

  /// Inside a visit: whether the same value is there. Null: nothing is. While it is borrowed, no other value
  /// can lie where it does.
  [[nodiscard]] bool is_still(const cache::ItemView* current) const {
    if (current == nullptr || !is_there_) return current == nullptr && !is_there_;
    if (loan_) return current->value.data() == loan_.bytes().data();
    return current->value == copy_;
  }

 private:
  Loan loan_;
  std::string copy_;
  bool is_there_ = false;
};

enum class WorkProgress : std::uint8_t { unfinished, done, no_memory };

/// A command that does its work on a value beforehand.
///
/// Work: original(), and step(call, operand) -> WorkProgress, under no lock of the cache.
template <class Work>
class DeferredTask : public Task {
 public:
  DeferredTask(const RespCall& call, cache::Database database, Bytes key, Work work)
      : Task(call.spec), database_(database), key_(key), work_(std::move(work)) {}

  // The first step may be under the locks of the command's keys, where there is no making room.
  bool step(RespCall& call) final {
    if (!std::exchange(has_begun_, true)) return false;
    WorkProgress progress = WorkProgress::unfinished;
    if (!is_in_vain(call)) {
      progress = work_.step(call, operand());
      if (progress == WorkProgress::unfinished) return false;
    }
    const bool may_defer = progress != WorkProgress::no_memory && --try_count_left_ > 0;
    std::optional<Work> next = run(call, progress == WorkProgress::done ? &work_ : nullptr, may_defer);
    if (!next) return true;
    work_ = *std::move(next);
    return false;
  }

  [[nodiscard]] std::size_t held_size() const override { return sizeof *this + key_.capacity(); }

 protected:
  /// The whole command, as one step to all others. `done`: work on what may still be there, or null. Answers
  /// `call`; or, if `may_defer`, answers with work to be done before it is called again.
  [[nodiscard]] virtual std::optional<Work> run(RespCall& call, const Work* done, bool may_defer) = 0;

  /// What the work needs beside the value.
  [[nodiscard]] virtual Bytes operand() const { return {}; }

  [[nodiscard]] cache::Database database() const { return database_; }
  [[nodiscard]] Bytes key() const { return key_; }

 private:
  // That it looks is a use of the item, which with two of them is not what leaves to make room for its own
  // copy.
  [[nodiscard]] bool is_in_vain(RespCall& call) const {
    bool is_same = false;
    call.keys.update(database_, key_, call.now, [&](const cache::ItemView* current) {
      is_same = work_.original().is_still(current);
      return cache::Change::keep();
    });
    return !is_same;
  }

  cache::Database database_;
  std::string key_;  // of the original
  Work work_;
  bool has_begun_ = false;
  int try_count_left_ = 4;
};

}  // namespace larder::session
