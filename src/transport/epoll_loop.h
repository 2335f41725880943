// transport/epoll_loop.h: the event loop over epoll(7). docs/design/0004-event-loop.md has the reasons.
//
// Every socket is registered once, edge-triggered, for both directions; what an edge said is remembered in
// the peer until recv or send takes it back. A request that arrives in one piece costs epoll_wait, recv,
// send.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <sys/epoll.h>

#include "transport/socket_loop.h"

namespace larder::transport {

class EpollLoop final : public SocketLoop {
 public:
  EpollLoop(Socket epoll, std::shared_ptr<TaskQueue> tasks, const LoopOptions& options);
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;
  ~EpollLoop() override { close_all(); }

 private:
  /// What epoll hands back with an event.
  struct Source {
    enum class Kind : std::uint8_t { peer, listener };
    explicit Source(Kind the_kind) : kind(the_kind) {}
    Kind kind;
  };
  struct EpollPeer final : Peer, Source {
    EpollPeer(Socket the_socket, Connection the_connection)
        : Peer(std::move(the_socket), std::move(the_connection)), Source(Kind::peer) {}
    bool readable =
        false;  // recv may yield bytes, the end or an error; with `ended`, a short read is no sign of no more
  };
  struct EpollListening final : Listening, Source {
    EpollListening(Socket the_socket, AcceptFunction the_on_accept)
        : Listening(std::move(the_socket), std::move(the_on_accept)), Source(Kind::listener) {}
    bool is_registered = false;
  };

  std::unique_ptr<Peer> make_peer(Socket socket, Connection connection) override {
    return std::make_unique<EpollPeer>(std::move(socket), std::move(connection));
  }
  std::unique_ptr<Listening> make_listening(Socket socket, AcceptFunction on_accept) override {
    return std::make_unique<EpollListening>(std::move(socket), std::move(on_accept));
  }
  Result<void> wait(int time_ms) override;
  void note_events() override;
  void watch(Peer& peer) override;
  void look_ahead(Peer& first) override;
  void serve(Peer& peer) override;
  void let_go(Peer& peer) override { peer.socket.close(); }  // which takes it out of epoll, too
  [[nodiscard]] bool is_at_rest(const Peer& /*peer*/) const override { return true; }
  bool watch_listener(Listening& listener, bool is_watched) override;
  void accept_some(Listening& listener) override;

  [[nodiscard]] Bytes receive(EpollPeer& peer, char* room, std::size_t size_max);
  void send_pending(EpollPeer& peer, std::size_t& budget);
  [[nodiscard]] static ssize_t send_some(const Peer& peer, std::size_t size_max, std::size_t& size);

  Socket epoll_;
  std::unique_ptr<char[]> receive_buffer_;
  std::unique_ptr<char[]> early_buffers_;  // one for each peer of a look ahead
  std::array<epoll_event, 256> events_{};
  int event_count_ = 0;
};

}  // namespace larder::transport
