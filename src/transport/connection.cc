#include "transport/connection.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "transport/deadlines.h"

namespace larder::transport {

Connection::Connection(std::unique_ptr<Handler> handler, const ConnectionLimits& limits,
                       SpareOutputs& spare_outputs, const Now& now, std::unique_ptr<TlsStream> tls)
    : handler_(std::move(handler)),
      limits_(limits),
      spare_outputs_(spare_outputs),
      tls_(std::move(tls)),
      idle_timeout_(handler_->idle_timeout()),
      active_at_(now.steady),
      send_moved_at_(now.steady),
      handshake_due_(now.steady + handshake_time_max),
      stranger_due_(limits_.stranger_time_max > Duration{0} && handler_->is_stranger()
                        ? now.steady + limits_.stranger_time_max
                        : Scheduled::never),
      loans_seen_at_(now.steady) {}

void Connection::attach(std::shared_ptr<Waker> waker) try {
  handler_->attach(std::move(waker));
} catch (...) {
  finish(Ending::failed);
}

void Connection::announced(Bytes bytes) {
  const bool is_next =
      tls_ == nullptr && state_ == State::open && wait_ == Wait::input && input_.empty() && may_call();
  if (is_next) handler_->announced(bytes);
}

void Connection::received(Bytes bytes, const Now& now) try {
  active_at_ = now.steady;
  if (state_ == State::finished || bytes.empty()) return;
  if (tls_ != nullptr && state_ == State::open) return received_sealed(bytes, now);
  take(bytes, now);
} catch (...) {
  finish(Ending::failed);
}

void Connection::received_sealed(Bytes bytes, const Now& now) {
  if (peer_ended_) return;  // in TLS' own way: what comes behind that is nothing
  const bool owed_nothing = !owes();
  const bool was_shaking_hands = is_shaking_hands();
  const TlsStream::State state = tls_->receive(bytes, [&](Bytes plain) { take(plain, now); });
  if (was_shaking_hands && owed_nothing) send_moved_at_ = now.steady;
  if (state == TlsStream::State::failed) return fail_tls(now);
  if (state == TlsStream::State::ended) received_end(now);
}

void Connection::take(Bytes bytes, const Now& now) {
  if (state_ == State::finished) return;
  if (state_ != State::open) {
    discarded_size_ += bytes.size();
    if (state_ == State::lingering && discarded_size_ > linger_size_max) finish(Ending::complete);
    return;
  }
  // The usual read is consumed whole where it lies, in the loop's own buffer.
  if (input_.empty() && wait_ == Wait::input && may_call() && bytes.size() >= input_size_min_) {
    const std::size_t consumed = call_handler(bytes, now);
    if (state_ == State::open) input_.append(bytes.substr(consumed), input_size_min_);
  } else {
    input_.append(bytes, input_size_min_);
    unseen_input_ = true;
    if (wait_ == Wait::input && has_work() && may_call()) call_with_held(now);
  }
}

void Connection::seal_some(const Now& now) try {
  if (state_ == State::finished || !tls_->can_seal()) return;
  Output& wire = tls_->wire();
  if (!output_.empty()) {
    if (wire.empty()) spare_outputs_.lend(wire);
    tls_->seal(output_);
    if (output_.empty()) spare_outputs_.take_back(output_);
    if (!tls_->can_seal()) return fail_tls(now);
  }
  if (state_ == State::draining && output_.empty() && tls_->must_end()) tls_->end();
} catch (...) {
  finish(Ending::failed);
}

/// An alert that says why may be owed.
void Connection::fail_tls(const Now& now) {
  if (state_ == State::finished) return;
  tls_failed_ = true;
  output_.clear();
  spare_outputs_.take_back(output_);
  drain(now);
}

void Connection::received_end(const Now& now) {
  peer_ended_ = true;
  active_at_ = now.steady;
  if (state_ == State::lingering) finish(Ending::complete);
  settle(now);
}

void Connection::sent(std::size_t size, const Now& now) {
  if (state_ == State::finished) return;
  active_at_ = now.steady;
  send_moved_at_ = now.steady;
  Output& sent_from = tls_ == nullptr ? output_ : tls_->wire();
  sent_from.sent(size);
  if (sent_from.empty()) spare_outputs_.take_back(sent_from);
  seal(now);
  settle(now);
}

void Connection::send_blocked() {
  // Only now, not as soon as the handler has written: a peer that reads gets a reply of any size. Once the
  // handler has asked for the end nothing is added any more, and the time limit alone decides about a slow
  // reader.
  if (state_ == State::open && owed_own_size() > limits_.output_size_max) finish(Ending::slow_reader);
}

void Connection::write_side_shut(const Now& now) {
  if (state_ != State::draining) return;
  state_ = State::lingering;
  send_moved_at_ = now.steady;
  if (peer_ended_ || discarded_size_ > linger_size_max) finish(Ending::complete);
}

void Connection::woken(const Now& now) {
  if (state_ != State::open || wait_ == Wait::output || wait_ == Wait::close) return;
  woken_ = true;
  if (may_call()) resume(now);
}

void Connection::resume(const Now& now) try {
  if (must_resume()) call_with_held(now);
} catch (...) {
  finish(Ending::failed);
}

void Connection::time_passed(const Now& now) {
  // It may have ended without a call: a password was taken back.
  if (stranger_due_ != Scheduled::never && !handler_->is_stranger()) stranger_due_ = Scheduled::never;
  const auto due = deadline();
  if (!due || now.steady < *due) return;
  if (state_ == State::lingering) {
    finish(Ending::complete);
  } else if (state_ == State::open && now.steady >= stranger_due_) {
    close_for(Ending::stranger, now);
  } else if (is_shaking_hands()) {
    tls_failed_ = true;
    finish(Ending::tls_failed);
  } else if (idle()) {
    close_for(Ending::idle, now);
  } else if (now.steady >= send_moved_at_ + limits_.output_time_max || keeps_orphan_too_long(now)) {
    finish(Ending::slow_reader);
  }
}

/// The peer has to go, and may be told so.
void Connection::close_for(Ending reason, const Now& now) {
  reason_ = reason;
  take_last_words(now);
  if (!owes()) return finish(reason);
  drain(now);
}

/// Whether what was owed at the last look, a time limit ago, is an orphan and here still.
bool Connection::keeps_orphan_too_long(const Now& now) {
  const bool keeps = output_.keeps_orphan_of(loans_seen_);
  loans_seen_at_ = now.steady;
  loans_seen_ = output_.loan_count();
  return keeps;
}

void Connection::shut_down(const Now& now) {
  stopping_ = true;
  settle(now);
}

bool Connection::wants_input() const {
  if (peer_ended_) return false;
  switch (state_) {
    case State::open:
      return wait_ == Wait::input && may_call() && !stopping_;
    case State::draining:
      // A peer that writes all it has before it reads would otherwise never come to its replies.
      return discarded_size_ <= linger_size_max;
    case State::lingering:
      return true;
    case State::finished:
      break;
  }
  return false;
}

bool Connection::must_shut_write_side() const {
  return state_ == State::draining && !owes() && (tls_ == nullptr || !tls_->must_end());
}

std::optional<SteadyTime> Connection::deadline() const {
  const std::optional<SteadyTime> due = deadline_of_peer();
  if (state_ != State::open || stranger_due_ == Scheduled::never) return due;
  return std::min(due.value_or(stranger_due_), stranger_due_);
}

/// By what he sends and takes.
std::optional<SteadyTime> Connection::deadline_of_peer() const {
  if (state_ == State::finished) return std::nullopt;
  if (state_ == State::lingering) return send_moved_at_ + linger_time_max;
  if (is_shaking_hands()) return handshake_due_;
  if (owes()) {
    if (limits_.output_time_max == Duration{0}) return std::nullopt;
    return (output_.has_loans() ? std::min(send_moved_at_, loans_seen_at_) : send_moved_at_) +
           limits_.output_time_max;
  }
  if (idle() && !is_held_up() && idle_timeout_ > Duration{0}) return active_at_ + idle_timeout_;
  return std::nullopt;
}

/// The handler is owed a call, as soon as may_call().
bool Connection::has_work() const {
  if (is_shaking_hands()) return false;
  switch (wait_) {
    case Wait::input:
      return woken_ || (unseen_input_ && input_.size() >= input_size_min_);
    case Wait::output:
      return true;
    case Wait::wake:
    case Wait::pause:
      return woken_;
    case Wait::close:
      break;
  }
  return false;
}

/// There is some, but not for those who hold much, or are likely to: they come again when it is free.
bool Connection::finds_scarce_room() const {
  return limits_.buffers->level() == BufferBudget::Level::scarce && !may_want_much_ &&
         buffer_capacity() < BufferBudget::large_size_min;
}

void Connection::call_with_held(const Now& now) {
  const std::size_t consumed = call_handler(input_.bytes(), now);
  if (state_ == State::open) input_.consume(consumed);
}

std::size_t Connection::call_handler(Bytes input, const Now& now) {
  LARDER_ASSERT(state_ == State::open);
  active_at_ = now.steady;  // a peer's silence counts from when we were done with it
  woken_ = false;
  unseen_input_ = false;
  const bool nothing_owed = !owes();
  if (output_.empty()) spare_outputs_.lend(output_);
  output_.set_full_size(std::min(output_.size() + Output::turn_size, limits_.unread_output_size));
  const std::size_t own_size = output_.own_size();
  const Progress progress = handler_->advance(input, now, output_);
  may_want_much_ = output_.own_size() >= own_size + BufferBudget::large_size_min;
  LARDER_ASSERT(progress.consumed <= input.size());
  wait_ = progress.wait;
  input_size_min_ = wait_ == Wait::input ? progress.input_size_min : 0;
  idle_timeout_ = handler_->idle_timeout();
  if (stranger_due_ != Scheduled::never && !handler_->is_stranger()) stranger_due_ = Scheduled::never;
  if (nothing_owed) {
    send_moved_at_ = loans_seen_at_ = now.steady;
    loans_seen_ = 0;
  }
  if (output_.empty()) spare_outputs_.take_back(output_);
  if (wait_ == Wait::close) {
    drain(now);
  } else if (wait_ == Wait::input) {
    settle(now);
  }
  return progress.consumed;
}

/// Ends what no more input can bring forward.
void Connection::settle(const Now& now) {
  if (state_ == State::open && (peer_ended_ || stopping_) && wait_ == Wait::input && !has_work()) {
    if (!peer_ended_) take_last_words(now);
    drain(now);
  }
  // A peer that has ended sends nothing that a reset could answer: no need to linger.
  if (peer_ended_ && must_shut_write_side()) finish(Ending::complete);
}

/// What the handler appends leaves like any reply: the write side is shut behind it, and the peer has the
/// time of lingering to read it.
void Connection::take_last_words(const Now& now) try {
  if (is_shaking_hands()) return;
  const bool nothing_owed = !owes();
  if (output_.empty()) spare_outputs_.lend(output_);
  handler_->closing(output_);
  if (nothing_owed) send_moved_at_ = now.steady;
  if (output_.empty()) spare_outputs_.take_back(output_);
} catch (...) {
  finish(Ending::failed);
}

void Connection::drain(const Now& now) {
  if (state_ == State::finished) return;
  state_ = State::draining;
  input_.clear();
  settle(now);
}

void Connection::finish(Ending ending) {
  if (state_ == State::finished) return;
  state_ = State::finished;
  // Whether or not the last words arrived.
  const bool is_for_it = reason_ != Ending::none && (ending == Ending::complete || ending == Ending::lost);
  ending_ = is_for_it ? reason_ : ending;
  if (tls_failed_) ending_ = Ending::tls_failed;
  input_.clear();
  output_.clear();
  spare_outputs_.take_back(output_);
  if (tls_ == nullptr) return;
  tls_->wire().clear();
  spare_outputs_.take_back(tls_->wire());
}

}  // namespace larder::transport
