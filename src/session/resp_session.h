// session/resp_session.h: RESP on one connection.
//
//   bytes -> CommandBatch or CommandDecoder -> row of the command table -> handler -> ReplyEncoder -> bytes
//
// Every command gets one reply, in order, whatever is wrong with it. A command with an argument beyond the
// limits gets an error and its bytes are passed over: the connection goes on. What breaks the protocol gets
// Redis' error and ends the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "protocol/resp/command_batch.h"
#include "protocol/resp/command_decoder.h"
#include "session/quiet_keyspace.h"
#include "session/request_meter.h"
#include "session/resp_commands.h"
#include "session/session.h"

namespace larder::session {

/// The limits of the decoder that follow from the session's: an argument may be a key or a value; a command
/// may hold two of the largest values, and 16 MiB in any case, so that multi-key commands of small items fit.
[[nodiscard]] protocol::CommandLimits command_limits(const Limits& limits);

/// What is kept of a command that the decoder refused.
struct RefusedCommand {
  Error error;
  const CommandSpec* spec = nullptr;  // null: it is not known which command it was
  std::size_t argument_count = 0;     // before the one that was refused
  std::vector<std::string> keys;      // among them, if it is a store
};

/// RESP2 and RESP3, as far as the command table goes.
///
/// Threads    belongs to its connection's worker
/// Invariant  one reply for each command, in the order of the commands
class RespSession final : public Session, private protocol::ArgumentSink {
 public:
  /// The environment outlives the session.
  RespSession(const Environment& environment, ConnectionFacts facts);
  RespSession(const Environment& environment, std::uint64_t connection_id)
      : RespSession(environment, ConnectionFacts{.id = connection_id}) {}
  ~RespSession() override;
  RespSession(const RespSession&) = delete;
  RespSession& operator=(const RespSession&) = delete;

  void attach(std::shared_ptr<Remote> remote) override {
    embed(remote);
    state_.client->attach(std::move(remote));
  }
  void embed(std::shared_ptr<Remote> remote) override {
    state_.remote = remote;
    meter_.attach(std::move(remote));
  }

  void announced(Bytes input) override;
  Progress advance(Bytes input, TimePoint now, Output& output) override;
  [[nodiscard]] bool failed() const override { return state_.failed; }
  [[nodiscard]] bool is_stranger() const override {
    return state_.login.is_missing(environment_.service.accounts);
  }
  [[nodiscard]] std::size_t held_size() const override {
    return (state_.transaction != nullptr ? state_.transaction->held_size() : 0) +
           state_.watched.held_size() + (state_.task != nullptr ? state_.task->held_size() : 0) +
           held_refusal_size() + decoder_.head_size() + (is_monitor() ? state_.client->left_size() : 0);
  }

 private:
  [[nodiscard]] std::size_t held_refusal_size() const;
  [[nodiscard]] std::optional<Progress> wait_first(TimePoint now, Output& output);
  void send_left(Output& output);
  [[nodiscard]] bool may_empty(const CommandSpec& spec, Bytes key) const;
  [[nodiscard]] bool is_monitor() const { return state_.client->is_monitor.load(std::memory_order_relaxed); }
  [[nodiscard]] bool is_paused(std::span<const Bytes> arguments, TimePoint now) const;
  [[nodiscard]] bool has_to_wait(std::span<const Bytes> arguments, TimePoint now);
  void answer(std::span<const Bytes> arguments, TimePoint now, Output& output);
  void answer_aloud(std::span<const Bytes> arguments, TimePoint now, Output& output);
  void count_rejection(const RespCall& call, bool is_known, std::size_t size);
  void note(const CommandSpec& spec, TimePoint now);
  [[nodiscard]] cache::Keyspace& keys_for(const CommandSpec& spec);
  [[nodiscard]] Result<std::optional<protocol::Command>> next_command(Bytes rest,
                                                                      protocol::CommandBatch& batch,
                                                                      TimePoint now);
  void foresee(std::span<const Bytes> arguments) const;
  [[nodiscard]] bool task_is_paused(TimePoint now) const;
  void go_on_with_task(TimePoint now, Output& output);
  // What a command is answered by; both null: nobody knows it.
  struct Row {
    const CommandSpec* spec = nullptr;
    const CommandSpec* container = nullptr;  // of which it is a subcommand, or was to be one
  };
  [[nodiscard]] static Row find_row(std::span<const Bytes> arguments);
  [[nodiscard]] std::string error_in(std::span<const Bytes> arguments, const Row& row) const;
  [[nodiscard]] std::string refuse_long_keys(RespCall& call);
  void reject(RespCall& call, const Row& row, Bytes error);
  [[nodiscard]] static std::string unknown_command_error(std::span<const Bytes> arguments);
  [[nodiscard]] static std::string absent_command_error(const CommandSpec& spec);
  [[nodiscard]] static bool runs_inside_transaction(const CommandSpec& spec);
  void keep(RespCall& call);
  void abort_transaction(RespCall& call, Bytes error);
  void forget(std::vector<Bytes> keys, TimePoint now);
  void forget_passed(TimePoint now);
  void refuse(const Error& error);
  [[nodiscard]] bool answer_refusal(const RefusedCommand& refusal, TimePoint now, Output& output);
  [[nodiscard]] bool waits_to_forget(TimePoint now);
  [[nodiscard]] bool keys_fit(const CommandSpec& spec, std::span<const Bytes> arguments) const;

  // Large values of stores go where they will stay.
  bool begin(Bytes command_name, std::size_t index, std::size_t size) override;
  bool append(Bytes bytes) override { return state_.drafts.back()->append(bytes, now_); }
  Bytes whole() override { return state_.drafts.back()->bytes(); }

  const Environment& environment_;
  QuietKeyspace quiet_keys_;
  protocol::CommandDecoder decoder_;
  RespState state_;
  RequestMeter meter_;
  TimePoint now_{};                        // of the call under way
  std::optional<RefusedCommand> refusal_;  // not answered yet: CLIENT PAUSE may hold it up
  bool is_first_command_ = true;
  bool is_silent_ = false;                    // the command answered last, or under way, gets no reply
  const CommandSpec* passed_spec_ = nullptr;  // of the command that was refused last; null: no matter which
  std::size_t passed_index_ = 0;              // of the argument of it that is passed over next
};

}  // namespace larder::session
