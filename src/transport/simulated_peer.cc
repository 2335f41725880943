#include "transport/simulated_peer.h"

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace larder::transport {

std::size_t draw_size(SplitMix64& random, std::size_t most) {
  const std::array<std::size_t, 4> bounds{4, 100, 4000, most};
  const std::size_t choice = below(random, 6);
  if (choice >= bounds.size()) return most;
  return 1 + below(random, std::min(bounds[choice], most));
}

std::optional<SteadyTime> SimulatedPeer::acts_at() const {
  if (is_refused()) return SteadyTime::min();
  if (can_read()) return reads_at_;
  return std::nullopt;
}

void SimulatedPeer::act(SteadyTime now, SplitMix64& random) {
  const bool may_read = can_read() && now >= reads_at_;
  if (is_refused() && (!may_read || below(random, 4) == 0)) {
    read_size_ = put_.size();
    see_end(Ending::reset, now);
  } else if (!has_read_all()) {
    const std::size_t size = draw_size(random, std::min(put_.size() - read_size_, habits_.read_size_max));
    received_.append(put_, read_size_, size);
    read_size_ += size;
    reads_at_ = now + habits_.read_pause;
  } else {
    see_end(Ending::plain, now);
  }
  if (on_progress) on_progress();
}

void SimulatedPeer::see_end(Ending ending, SteadyTime now) {
  ending_ = ending;
  ended_at_ = now;
}

bool SimulatedPeer::can_arrive() const {
  if (near_closed_ || reset_arrived_) return false;
  if (has_reset_) return true;
  return arrived_size_ < sent_.size() ? near_room() > 0 : has_ended_ && !end_arrived_;
}

void SimulatedPeer::arrive(SplitMix64& random) {
  const std::size_t rest = sent_.size() - arrived_size_;
  if (has_reset_ && (rest == 0 || near_room() == 0 || below(random, 2) == 0)) {
    reset_arrived_ = true;
  } else if (rest > 0) {
    arrived_size_ += draw_size(random, std::min(rest, near_room()));
  } else {
    end_arrived_ = true;
  }
}

void SimulatedPeer::put(Bytes bytes) {
  LARDER_ASSERT(bytes.size() <= room());
  LARDER_ASSERT(!near_ended_);
  put_.append(bytes);
}

}  // namespace larder::transport
