// transport/accept_spread.h: sharing new connections out among the loops.
//
// One loop accepts and hands each socket to the loop that serves the fewest. A port that every loop listens
// on (SO_REUSEPORT) would spare the hand-over, but the kernel then picks by a hash of addresses: of 50
// connections over 2 loops one gets 30 as a rule, and the busier loop sets the pace.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "transport/event_loop.h"
#include "transport/handler.h"
#include "transport/socket.h"

namespace larder::transport {

/// Spreads connections over loops by their number. A connection counts twice for the moment of its adoption,
/// so loops may differ by one or two; the next decision makes up for it.
///
/// Ownership  borrows the loops; outlives their run()
/// Threads    any number of accepting loops may hand over at once
/// Errors     none of its own: a socket that its loop cannot serve, or that comes too late, is closed
class AcceptSpread final {
 public:
  /// Makes the handler, on the thread of the loop that will serve it. `loop_index` says which that is.
  using MakeHandler = std::move_only_function<std::unique_ptr<Handler>(std::size_t loop_index)>;

  explicit AcceptSpread(std::vector<EventLoop*> loops);

  /// Gives `socket` to the loop with the fewest connections. Called on the thread of loop `accepting_index`,
  /// which adopts its own share without a detour.
  void hand_over(std::size_t accepting_index, Socket socket, MakeHandler make_handler, TlsUse tls = {});

 private:
  class Ticket;

  [[nodiscard]] std::size_t under_way_count(std::size_t index) const;
  [[nodiscard]] std::size_t least_loaded();

  std::vector<EventLoop*> loops_;
  std::shared_ptr<std::atomic<std::size_t>[]> under_way_counts_;  // handed over, not adopted yet
  std::atomic<std::size_t> next_{0};                              // breaks ties in turn
};

}  // namespace larder::transport
