// transport/simulated_loop.h: an event loop whose network, clock and luck follow from a seed. Test code.
//
//   test --at(), connect()--> peers ==(any cut, any order, any time)== SimulatedLoop --> Connection, Handler
//
// Everything above the system calls is the loops' own: SocketLoop's turns, tasks, wakers, deadlines, ticks
// and shutting down, and Connection. In place of the kernel, each turn draws what happens of what could:
// bytes or an end or a reset arrive, a peer reads, there is room to send, a task is noticed, somebody
// connects, time passes. When nothing can happen the clock jumps to the next moment that somebody waits for,
// so that an hour of silence costs nothing. One thread, no descriptors but the task queue's: the same seed is
// the same run. docs/design/0012-simulated-loop.md has the reasons.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/random.h"
#include "transport/simulated_peer.h"
#include "transport/socket_loop.h"

namespace larder::transport {

/// Stands still but for the loop's moving it.
class SimulatedClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override {
    return {TimePoint{std::chrono::hours{480'000}} + passed_, SteadyTime{Duration{1'000'000}} + passed_};
  }
  void move(Duration by) { passed_ += by; }

 private:
  Duration passed_{0};
};

struct SimulationOptions {
  /// As io_uring does, receives complete by themselves, also one or two that nobody wants any more, and sends
  /// between two turns; or as with epoll, all of it is done when a connection is served.
  bool completes = false;
  Duration step_max{2};  // time that passes in a turn in which something happens
  std::size_t luck = 2;  // of what can happen in a turn, one in so many things does
  std::size_t turn_count_max = 300'000;
  int accept_error = 0;  // what some attempts to accept end with; 0: none does
};

/// A loop that runs until shut_down(), from a timed event or a handler, and the last connection's end.
///
/// Ownership  owns its peers; the random source and the clock are the test's, and outlive it
/// Threads    one
/// Errors     run() fails if nothing can happen any more, if a deadline passes unnoticed, and if there is no
/// end
///            of turns
class SimulatedLoop : public SocketLoop {
 public:
  /// The options' clock is replaced by `clock`.
  SimulatedLoop(SplitMix64& random, SimulatedClock& clock, LoopOptions options, SimulationOptions simulation);
  SimulatedLoop(const SimulatedLoop&) = delete;
  SimulatedLoop& operator=(const SimulatedLoop&) = delete;
  ~SimulatedLoop() override { close_all(); }

  /// Somebody who wants to be accepted. The listener's `on_accept` gets an empty socket for it, to adopt() at
  /// once; accepted_peer() is who it is.
  SimulatedPeer& connect(SimulatedPeer::Habits habits);
  [[nodiscard]] SimulatedPeer& accepted_peer() const { return *accepted_peer_; }

  /// Runs `event` when the time has come, between two turns, as another thread would.
  void at(SteadyTime time, std::move_only_function<void()> event);
  void after(Duration time, std::move_only_function<void()> event) {
    at(clock_.now().steady + time, std::move(event));
  }

  /// After run(): the peers read what is still on its way to them.
  void let_peers_finish();

  [[nodiscard]] std::size_t turn_count() const { return turn_count_; }

 protected:
  struct NearEnd final : Peer {
    NearEnd(Connection the_connection, SimulatedPeer& the_peer, bool can_write)
        : Peer(Socket(), std::move(the_connection)), peer(the_peer) {
      writable = can_write;
    }
    SimulatedPeer& peer;
    bool readable = false;      // of readiness: receiving may yield bytes, the end or an error
    bool is_receiving = false;  // of completion
    bool is_late = false;       // and no longer wanted
    bool knows_end = false;     // received_end() was told
    bool is_queued_to_send = false;
    std::size_t offered_size = 0;  // of the send under way
    std::size_t put_size = 0;
  };

  struct SimulatedListening final : Listening {
    using Listening::Listening;
    bool is_watched = false;
  };

  // ---- The seams: what a loop tells a connection. A test plants its mistakes here.

  virtual void tell_received(NearEnd& end, Bytes bytes) { end.connection.received(bytes, now()); }
  virtual void tell_sent(NearEnd& end, std::size_t size, std::size_t /*offered_size*/) {
    end.connection.sent(size, now());
  }
  virtual void tell_lost(NearEnd& end) { end.connection.lost(); }
  virtual void shut_write_side(NearEnd& end);
  [[nodiscard]] virtual bool may_receive(const NearEnd& end) const { return end.connection.wants_input(); }
  Result<void> wait(int time_ms) override;

 private:
  enum class Event : std::uint8_t { peer_acts, arrival, receipt, end_seen, room, tasks, connection, timed };
  struct Possible {
    Event event = Event::timed;
    SimulatedPeer* peer = nullptr;
    NearEnd* end = nullptr;
  };

  std::unique_ptr<Peer> make_peer(Socket socket, Connection connection) override;
  std::unique_ptr<Listening> make_listening(Socket socket, AcceptFunction on_accept) override;
  void note_events() override;
  void watch(Peer& peer) override;
  void look_ahead(Peer& first) override;
  void serve(Peer& peer) override;
  void let_go(Peer& peer) override;
  [[nodiscard]] bool is_at_rest(const Peer& peer) const override {
    return !static_cast<const NearEnd&>(peer).is_queued_to_send;
  }
  bool watch_listener(Listening& listener, bool is_watched) override;
  void close_listeners() override;
  void accept_some(Listening& listener) override;
  [[nodiscard]] bool is_quiet(const Peer& peer) const override;

  [[nodiscard]] std::size_t draw_below(std::size_t bound) { return below(random_, bound); }
  [[nodiscard]] Result<void> check_deadlines() const;
  void gather_possible();
  void choose(bool at_least_one);
  void happen(const Possible& chosen);
  Result<void> pass_time(int time_ms);
  void receive_together(std::span<NearEnd* const> ends);
  [[nodiscard]] Bytes draw_bytes(NearEnd& end);
  void receive(NearEnd& end, Bytes bytes);
  void send(NearEnd& end);
  void put_some(NearEnd& end);
  void conclude_send(NearEnd& end);

  static constexpr std::size_t receive_size_max = std::size_t{64} << 10;

  SplitMix64& random_;
  SimulatedClock& clock_;
  const SimulationOptions simulation_;
  std::vector<std::unique_ptr<SimulatedPeer>> simulated_peers_;
  std::deque<SimulatedPeer*> backlog_;
  SimulatedPeer* accepted_peer_ = nullptr;
  bool is_adopted_ = false;  // accepted_peer_ is
  std::vector<NearEnd*> near_ends_;
  std::vector<Possible> possible_;
  std::vector<NearEnd*> noted_;
  std::vector<NearEnd*> receipts_;
  std::vector<NearEnd*> to_send_;
  std::vector<NearEnd*> sending_;
  std::multimap<SteadyTime, std::move_only_function<void()>> timed_;
  std::vector<std::unique_ptr<char[]>> received_;  // of exactly their sizes, for as long as a turn lasts
  bool tasks_posted_ = false;
  bool is_closed_ = false;  // to new connections
  std::size_t turn_count_ = 0;
};

}  // namespace larder::transport
