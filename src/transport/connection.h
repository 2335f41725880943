// transport/connection.h: the life of one connection, without a socket.
//
//              handler: close, or peer's end and nothing owed,
//              or shut_down() and nothing owed,
//              or as below, but with last words               all sent, write side shut
//     open ----------------------------------------> draining ------------------------> lingering
//       |  reset, idle or a stranger for too long,      |  same; or all sent and the        |  peer's end, or
//       |  reader too slow, no memory                   |  peer's end is here already       |  bound passed
//       +---------------------------> finished <--------+-----------------------------------+
//
// A loop tells it what happened (bytes came, bytes left, the peer ended, time passed) and asks what to do
// next (read? send what? shut the write side? call again? when at the latest?). Everything that loops must
// agree on is decided here; a loop only moves bytes.
//
// Borrowed output: a value that is sent from where it lies stays in memory until it has left, also if it was
// evicted meanwhile. A reader may take its time as long as it takes something, but not while it keeps memory
// that nobody else uses any more: that, for output_time_max.
//
// TLS: a connection that has it is the same but for its two ends. What the peer sends is decrypted before the
// handler sees it, and output_ is encrypted, some at a time, into what is sent; `open` begins with the
// handshake, which must be done within handshake_time_max.
//
// Lingering: closing a socket whose peer still sends makes the kernel answer with a reset, and a reset
// destroys replies that are on their way. So the write side is shut first, and what still comes is thrown
// away until the peer ends, for at most linger_time_max and linger_size_max. Source: RFC 9112, section 9.6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/output.h"
#include "transport/event_loop.h"
#include "transport/handler.h"
#include "transport/input_buffer.h"
#include "transport/spare_outputs.h"
#include "transport/tls_stream.h"

namespace larder::transport {

/// Why a connection is finished.
enum class Ending : std::uint8_t {
  none,         // it is not
  complete,     // what was owed has left
  lost,         // the peer or the network broke it
  slow_reader,  // the peer did not take its replies
  idle,         // the peer was silent for too long
  stranger,     // the peer was nobody known for too long
  over_budget,  // others waited for the room that its buffers took
  tls_failed,   // the handshake was not done, in time or at all, or what came later was no TLS
  failed,       // no memory for it, or its handler threw
};

/// One connection's state. Belongs to a loop, which owns the socket.
///
/// Units      sizes are bytes
/// Ownership  owns its handler; borrows `limits` and `spare_outputs`, which all connections of a loop
///            share, so that a connection with nothing to send holds no buffer
/// Threads    its loop's thread only
/// Errors     none: what goes wrong shows as finished(); no exception leaves
/// Invariant  outside of `open` the handler is never called again; once finished() it stays so
class Connection final {
 public:
  static constexpr Duration linger_time_max{3000};
  static constexpr Duration handshake_time_max{10'000};
  static constexpr std::size_t linger_size_max = std::size_t{16} << 20;

  Connection(std::unique_ptr<Handler> handler, const ConnectionLimits& limits, SpareOutputs& spare_outputs,
             const Now& now, std::unique_ptr<TlsStream> tls = nullptr);

  // What happened. Each may be told at any time; a loop whose reads complete on their own may bring bytes
  // that wants_input() no longer asked for: they are kept, and there are only as many as it had under way.

  void attach(std::shared_ptr<Waker> waker);
  /// These bytes will be told of with received(), when other connections were told of theirs.
  void announced(Bytes bytes);
  void received(Bytes bytes, const Now& now);
  void received_end(const Now& now);
  /// The first `size` bytes of owed() have left.
  void sent(std::size_t size, const Now& now);
  /// The socket takes no more for now; owed() holds what it did not take.
  void send_blocked();
  void write_side_shut(const Now& now);
  void woken(const Now& now);
  /// The peer has ended, as received_end() will tell once all that he sent is read: who waits for something
  /// that he need not be kept for gets what he is owed, and no more.
  void peer_left(const Now& now) {
    if (ends_with_peer()) drain(now);
  }
  /// Answers must_resume().
  void resume(const Now& now);
  /// The handler may answer another idle_timeout() than last time. Counts from the last byte, as before.
  void idle_timeout_changed() { idle_timeout_ = handler_->idle_timeout(); }
  /// deadline() may have passed.
  void time_passed(const Now& now);
  /// Reset by the peer or broken otherwise: nothing can be delivered.
  void lost() { finish(Ending::lost); }
  /// Others need the room that its buffers take.
  void make_room() { finish(Ending::over_budget); }
  /// Before owed() is sent: what was answered since the last time joins it. Of a connection without TLS it
  /// is there anyway.
  void seal(const Now& now) {
    if (tls_ != nullptr) seal_some(now);
  }
  /// No new requests; what is under way is answered, then it closes.
  void shut_down(const Now& now);

  // What to do.

  /// Whether to read: for the handler, or to throw away while closing.
  [[nodiscard]] bool wants_input() const;
  /// What is to be sent. Its bytes stay valid until the next call that is told what happened.
  [[nodiscard]] const Output& owed() const { return tls_ == nullptr ? output_ : tls_->wire(); }
  /// Something is to be sent, perhaps after seal().
  [[nodiscard]] bool owes() const { return !output_.empty() || (tls_ != nullptr && !tls_->wire().empty()); }
  /// How much that is, in bytes; what TLS adds is counted once it is there.
  [[nodiscard]] std::size_t owed_size() const {
    return output_.size() + (tls_ != nullptr ? tls_->wire().size() : 0);
  }
  /// Of these, what is not borrowed.
  [[nodiscard]] std::size_t owed_own_size() const {
    return output_.own_size() + (tls_ != nullptr ? tls_->wire().size() : 0);
  }
  /// All is sent: shut the write side and say so with write_side_shut().
  [[nodiscard]] bool must_shut_write_side() const;
  /// The handler has work that no event will announce: resume() it, when others have had their turn.
  [[nodiscard]] bool must_resume() const { return state_ == State::open && has_work() && may_call(); }
  /// When time_passed() must be called at the latest. Moves with every event, mostly later.
  [[nodiscard]] std::optional<SteadyTime> deadline() const;
  /// Open, and owes nothing: not an answer, not a byte.
  [[nodiscard]] bool idle() const {
    return state_ == State::open && wait_ == Wait::input && !has_work() && !owes();
  }
  /// Once what is owed has left there is nothing to do before something happens.
  [[nodiscard]] bool rests_when_sent() const {
    return state_ == State::open && !has_work() && !stopping_ && !peer_ended_ &&
           (tls_ == nullptr || output_.empty());
  }
  /// It has been owed something for so long, and its peer has taken nothing of it.
  [[nodiscard]] bool is_stuck_for(Duration time, const Now& now) const {
    return owes() && now.steady >= send_moved_at_ + time;
  }
  /// It would be read or called, but for the buffers of all, which have no room for it: it is to be served
  /// again when they may have. Who still owes something waits for that to leave.
  [[nodiscard]] bool is_held_up() const {
    return state_ == State::open && !owes() && !finds_room() &&
           (has_work() || (wait_ == Wait::input && !peer_ended_ && !stopping_));
  }
  /// It waits for something that a peer which has ended need not be kept for.
  [[nodiscard]] bool ends_with_peer() const { return state_ == State::open && wait_ == Wait::pause; }
  [[nodiscard]] bool finished() const { return state_ == State::finished; }
  [[nodiscard]] Ending ending() const { return ending_; }
  /// Null: it speaks plainly.
  [[nodiscard]] const TlsStream* tls() const { return tls_.get(); }
  /// Memory of its buffers, and of what its handler holds of a message under way.
  [[nodiscard]] std::size_t buffer_capacity() const {
    return input_.capacity() + output_.capacity() + handler_->held_size() +
           (tls_ != nullptr ? tls_->wire().capacity() : 0);
  }

 private:
  enum class State : std::uint8_t { open, draining, lingering, finished };

  [[nodiscard]] bool has_work() const;
  [[nodiscard]] bool may_call() const { return owed_size() < limits_.unread_output_size && finds_room(); }
  [[nodiscard]] bool finds_room() const {
    return limits_.buffers == nullptr || limits_.buffers->level() == BufferBudget::Level::free ||
           finds_scarce_room();
  }
  [[nodiscard]] bool finds_scarce_room() const;
  [[nodiscard]] bool keeps_orphan_too_long(const Now& now);
  void received_sealed(Bytes bytes, const Now& now);
  void take(Bytes bytes, const Now& now);
  void seal_some(const Now& now);
  void fail_tls(const Now& now);
  [[nodiscard]] bool is_shaking_hands() const {
    return tls_ != nullptr && state_ == State::open && tls_->state() == TlsStream::State::handshaking;
  }
  [[nodiscard]] std::size_t call_handler(Bytes input, const Now& now);
  void call_with_held(const Now& now);
  [[nodiscard]] std::optional<SteadyTime> deadline_of_peer() const;
  void close_for(Ending reason, const Now& now);
  void settle(const Now& now);
  void drain(const Now& now);
  void take_last_words(const Now& now);
  void finish(Ending ending);

  std::unique_ptr<Handler> handler_;
  const ConnectionLimits& limits_;
  SpareOutputs& spare_outputs_;
  InputBuffer input_;
  Output output_;                   // as the handler answered
  std::unique_ptr<TlsStream> tls_;  // null: that is what is sent
  std::size_t input_size_min_ = 0;
  std::size_t discarded_size_ = 0;
  Duration idle_timeout_{0};
  SteadyTime active_at_;          // the last byte either way
  SteadyTime send_moved_at_;      // output began to be owed, or some of it left; later: lingering began
  SteadyTime handshake_due_;      // of TLS
  SteadyTime stranger_due_;       // the peer is to be known by then; Scheduled::never: he need not, or is
  SteadyTime loans_seen_at_;      // when loans that are owed were last looked at, or began to be owed
  std::uint64_t loans_seen_ = 0;  // how many there had been by then
  State state_ = State::open;
  Wait wait_ = Wait::input;
  Ending ending_ = Ending::none;
  bool unseen_input_ = false;  // input_ holds bytes that the handler has not been shown
  bool woken_ = false;
  bool peer_ended_ = false;
  bool stopping_ = false;
  bool tls_failed_ = false;       // which is then the ending
  bool may_want_much_ = true;     // it has not been called yet, or was answered much by the last call
  Ending reason_ = Ending::none;  // which is then the ending, once its last words have left
};

}  // namespace larder::transport
