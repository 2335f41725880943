// client/scripted_peer.h: a server that says what a test wants it to say. Test code.
//
//   ScriptedPeer peer([](PeerConnection& connection) {
//     connection.expect("*1\r\n$4\r\nPING\r\n");
//     connection.send("+PONG\r\n");
//   });                                       // then the connection closes, and the next one is served
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"

namespace larder::client {

/// One accepted connection, in the hands of the script.
class PeerConnection final {
 public:
  PeerConnection(int descriptor, std::size_t index) : descriptor_(descriptor), index_(index) {}

  /// For who speaks through something else.
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// Connections accepted before this one.
  [[nodiscard]] std::size_t index() const { return index_; }

  /// Reads as many bytes as `bytes` has; false if they differ or the client closed. A difference fails the
  /// test.
  bool expect(Bytes bytes);

  /// Reads whatever comes; empty: the client closed, or the peer was stopped.
  std::string receive();

  /// False: the client is gone.
  bool send(Bytes bytes);

  /// Says nothing until the client closes.
  void stay_silent();

 private:
  int descriptor_;
  std::size_t index_;
};

/// Listens on an ephemeral loopback port and runs the script on every connection, one after the other, or
/// each on a thread of its own.
///
/// Threads    the script runs on the peer's threads; the destructor ends its reads and waits for it
class ScriptedPeer final {
 public:
  using Script = std::function<void(PeerConnection& connection)>;
  enum class Mode : std::uint8_t { one_by_one, all_at_once };

  /// `port` 0: any free one.
  explicit ScriptedPeer(Script script, Mode mode = Mode::one_by_one, std::uint16_t port = 0);
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;
  ~ScriptedPeer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "resp://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::size_t accepted_count() const;

 private:
  struct Shared;

  void accept_all();
  void serve(int descriptor, std::size_t index);

  Script script_;
  Mode mode_;
  std::uint16_t port_ = 0;
  int listener_;
  std::unique_ptr<Shared> shared_;
  std::thread acceptor_;
};

}  // namespace larder::client
