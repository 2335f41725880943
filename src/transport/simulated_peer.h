// transport/simulated_peer.h: the far end of a simulated connection, and the way to it. Test code.
//
//   peer                       on the way           at the loop
//   send() ------------------> [ ...... ] arrive --> [ arrived ] --> take()
//   received() <-- its habits  [ window ] <---------------------- put()
//
// What moves, and how much of it at a time, is for the loop's chance to say. What a kernel would do is done
// here: a window that is full, either way, takes no more; closing with input unread, or being sent to after
// that, answers with a reset, and a reset takes with it what its receiver has not read yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"

namespace larder::transport {

/// From 0 to `bound` without it.
inline std::size_t below(SplitMix64& random, std::size_t bound) { return random.next() % bound; }
/// From 1 to `most`, small ones and `most` itself more often than the rest.
std::size_t draw_size(SplitMix64& random, std::size_t most);

/// One peer.
///
/// Units      sizes are bytes
/// Ownership  owned by its loop, to the loop's end
/// Threads    one, the loop's
class SimulatedPeer final {
 public:
  struct Habits {
    std::size_t window_size = std::size_t{64} << 10;    // what it was sent and has not read yet
    std::size_t read_size_max = std::size_t{64} << 10;  // at once
    Duration read_pause{0};                             // between two reads
    bool writes_first = false;  // reads nothing while something of its own has not arrived
  };
  enum class Ending : std::uint8_t { none, plain, reset };

  explicit SimulatedPeer(Habits habits) : habits_(habits) {}
  SimulatedPeer(const SimulatedPeer&) = delete;
  SimulatedPeer& operator=(const SimulatedPeer&) = delete;

  // ---- What it does. Not called by handlers: a peer has a thread of its own.

  void send(Bytes bytes) {
    if (!has_ended_ && !has_reset_) sent_.append(bytes);
  }
  void end_sending() { has_ended_ = true; }
  void reset() { has_reset_ = true; }
  void stop_reading() { reads_ = false; }
  void go_on_reading() { reads_ = true; }
  /// Called whenever it has read something, or has seen its end.
  std::function<void()> on_progress;

  // ---- What came of it

  [[nodiscard]] const std::string& sent() const { return sent_; }
  [[nodiscard]] const std::string& received() const { return received_; }
  [[nodiscard]] bool has_reset() const { return has_reset_; }
  /// How the other side ended, once all before it was read.
  [[nodiscard]] Ending ending() const { return ending_; }
  [[nodiscard]] SteadyTime ended_at() const { return ended_at_; }

  // ---- The loop's: the peer's own turn

  [[nodiscard]] bool can_act(SteadyTime now) const {
    return is_refused() || (can_read() && now >= reads_at_);
  }
  /// When it can, if it can without anything else happening.
  [[nodiscard]] std::optional<SteadyTime> acts_at() const;
  void act(SteadyTime now, SplitMix64& random);

  // ---- The loop's: the near end, as a socket would have it

  [[nodiscard]] bool can_arrive() const;
  /// Some bytes, or the end behind them, or a reset.
  void arrive(SplitMix64& random);
  [[nodiscard]] Bytes arrived() const {
    return Bytes(sent_).substr(taken_size_, arrived_size_ - taken_size_);
  }
  void take(std::size_t size) { taken_size_ += size; }
  [[nodiscard]] bool end_arrived() const { return end_arrived_; }
  [[nodiscard]] bool reset_arrived() const { return reset_arrived_; }
  [[nodiscard]] std::size_t room() const { return habits_.window_size - (put_.size() - read_size_); }
  /// No more than there is room().
  void put(Bytes bytes);
  void shut_near() { near_ended_ = true; }
  void close_near() { near_ended_ = near_closed_ = true; }
  /// All that was put was read.
  [[nodiscard]] bool has_read_all() const { return read_size_ == put_.size(); }

 private:
  [[nodiscard]] bool can_read() const {
    const bool reads_now = reads_ && (!habits_.writes_first || arrived_size_ == sent_.size() || near_closed_);
    return ending_ == Ending::none && !has_reset_ && reads_now && (!has_read_all() || near_ended_);
  }
  /// Of what it has sent there is something that nobody will take any more.
  [[nodiscard]] bool is_refused() const {
    return ending_ == Ending::none && !has_reset_ && near_closed_ && taken_size_ < sent_.size();
  }
  void see_end(Ending ending, SteadyTime now);
  /// Bytes that may arrive before some are taken.
  [[nodiscard]] std::size_t near_room() const { return near_window_size - (arrived_size_ - taken_size_); }

  static constexpr std::size_t near_window_size = std::size_t{128} << 10;

  Habits habits_;
  std::string sent_;
  std::size_t arrived_size_ = 0;
  std::size_t taken_size_ = 0;
  std::string put_;
  std::size_t read_size_ = 0;
  std::string received_;
  SteadyTime reads_at_ = SteadyTime::min();
  SteadyTime ended_at_{};
  Ending ending_ = Ending::none;
  bool reads_ = true;
  bool has_ended_ = false;
  bool has_reset_ = false;
  bool end_arrived_ = false;
  bool reset_arrived_ = false;
  bool near_ended_ = false;
  bool near_closed_ = false;
};

}  // namespace larder::transport
