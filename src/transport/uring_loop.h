// transport/uring_loop.h: the event loop over io_uring(7). docs/design/0011-io-uring.md has the reasons.
//
//   each peer      one multishot receive, armed once: the kernel brings bytes in buffers of a common ring
//   each turn      one system call: it submits all sends of the turn, and waits for what comes next
//
// Sends are made without waiting for room, when they are submitted; the kernel tells only of those that fell
// short. So a peer's output is free again when the call returns, and nothing of it is moved or kept for the
// kernel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "transport/send_parts.h"
#include "transport/socket_loop.h"
#include "transport/uring.h"

namespace larder::transport {

class UringLoop final : public SocketLoop {
 public:
  UringLoop(std::shared_ptr<TaskQueue> tasks, std::unique_ptr<Uring> ring, const LoopOptions& options)
      : SocketLoop(std::move(tasks), options), coming_ring_(std::move(ring)) {}
  UringLoop(const UringLoop&) = delete;
  UringLoop& operator=(const UringLoop&) = delete;
  ~UringLoop() override;

 private:
  struct alignas(16) UringPeer final : Peer {
    UringPeer(Socket the_socket, Connection the_connection)
        : Peer(std::move(the_socket), std::move(the_connection)) {
      writable = true;
    }
    // What the kernel holds of it.
    bool is_receiving = false;
    bool is_cancelling = false;  // the receive
    bool waits_to_send = false;  // a poll for room
    bool watches_end = false;    // a poll for the peer's end or a reset
    bool is_unanswered = false;  // bytes came, and nothing was sent since
    bool is_queued_to_send = false;
    UringPeer* next_to_send = nullptr;
    bool fell_short = false;  // of its last send the kernel has told:
    int send_result = 0;
    std::size_t send_size = 0;
  };
  struct alignas(16) UringListening final : Listening {
    using Listening::Listening;
    bool is_armed = false;
  };

  // What a completion is about: an address, and this in its lowest bits.
  enum class Operation : std::uint8_t { receive, send, room, end, accept, tasks, nothing };

  std::unique_ptr<Peer> make_peer(Socket socket, Connection connection) override {
    return std::make_unique<UringPeer>(std::move(socket), std::move(connection));
  }
  std::unique_ptr<Listening> make_listening(Socket socket, AcceptFunction on_accept) override {
    return std::make_unique<UringListening>(std::move(socket), std::move(on_accept));
  }
  Result<void> start() override;
  void end() override;
  void close_listeners() override;
  Result<void> wait(int time_ms) override;
  void note_events() override;
  void watch(Peer& peer) override;
  void serve(Peer& peer) override;
  void let_go(Peer& peer) override;
  [[nodiscard]] bool is_at_rest(const Peer& peer) const override;
  bool watch_listener(Listening& listener, bool is_watched) override;
  void accept_some(Listening& /*listener*/) override {}  // they come by themselves

  [[nodiscard]] static std::uint64_t name_of(const void* object, Operation operation);
  void arm_receive(UringPeer& peer);
  void cancel(const void* object, Operation operation);
  void watch_room(UringPeer& peer);
  void watch_end(UringPeer& peer);
  void watch_tasks();
  void queue_send(UringPeer& peer);
  void submit_sends();
  void conclude_sends();
  void announce(const io_uring_cqe& completion);
  void note(const io_uring_cqe& completion);
  void note_received(UringPeer& peer, const io_uring_cqe& completion);
  void note_accepted(UringListening& listener, const io_uring_cqe& completion);
  void watch_what_matters(UringPeer& peer);

  std::unique_ptr<Uring> coming_ring_;  // until start()
  std::unique_ptr<Uring> ring_;         // from then on: it belongs to the loop's thread
  UringPeer* to_send_ = nullptr;  // when the turn ends: a list through the peers, so that no event allocates
  UringPeer* sending_ = nullptr;  // submitted, not concluded: the same
  std::array<SendParts, 64> parts_;  // of a turn's sends of several parts
  std::vector<std::unique_ptr<Listening>> closed_listeners_;
  bool comes_back_ = false;  // somebody has more to do as soon as the sends are made
};

}  // namespace larder::transport
