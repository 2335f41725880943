#include "transport/accept_spread.h"

#include <limits>
#include <utility>

#include "base/assert.h"

namespace larder::transport {

/// Counts one socket as under way for as long as it lives, also if its loop drops the task.
class AcceptSpread::Ticket final {
 public:
  explicit Ticket(std::shared_ptr<std::atomic<std::size_t>> count) : count_(std::move(count)) {
    count_->fetch_add(1, std::memory_order_relaxed);
  }
  Ticket(Ticket&&) = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<std::atomic<std::size_t>> count_;  // a task may be dropped after the spread is gone
};

AcceptSpread::AcceptSpread(std::vector<EventLoop*> loops)
    : loops_(std::move(loops)), under_way_counts_(new std::atomic<std::size_t>[loops_.size()]()) {
  LARDER_ASSERT(!loops_.empty());
}

void AcceptSpread::hand_over(std::size_t accepting_index, Socket socket, MakeHandler make_handler,
                             TlsUse tls) {
  const std::size_t index = least_loaded();
  EventLoop& loop = *loops_[index];
  if (index == accepting_index) {
    loop.adopt(std::move(socket), make_handler(index), std::move(tls));
    return;
  }
  // The ticket outlives the adoption: counted twice for a moment, never not at all.
  loop.post(
      [ticket = Ticket({under_way_counts_, &under_way_counts_[static_cast<std::ptrdiff_t>(index)]}), &loop,
       index, accepted = std::move(socket), make = std::move(make_handler),
       tls = std::move(tls)]() mutable { loop.adopt(std::move(accepted), make(index), std::move(tls)); });
}

std::size_t AcceptSpread::under_way_count(std::size_t index) const {
  return under_way_counts_[static_cast<std::ptrdiff_t>(index)].load(std::memory_order_relaxed);
}

std::size_t AcceptSpread::least_loaded() {
  const std::size_t start = next_.fetch_add(1, std::memory_order_relaxed);
  std::size_t best = 0;
  std::size_t best_count = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const std::size_t index = (start + i) % loops_.size();
    const std::size_t count = loops_[index]->connection_count() + under_way_count(index);
    if (count < best_count) {
      best = index;
      best_count = count;
    }
  }
  return best;
}

}  // namespace larder::transport
