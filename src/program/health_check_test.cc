// Healthy is what answers as its protocol does, in time; all else is not. Method: a listener on loopback
// whose thread gives one scripted answer, in pieces where it matters; the limit that must pass is 50 ms.
#include "program/health_check.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace larder::program {
namespace {

// Accepts one connection, reads one piece, sends the pieces of `answer` and waits for the peer to leave.
class Peer {
 public:
  explicit Peer(std::vector<std::string> answer) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, pieces = std::move(answer)] { serve(pieces); });
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    thread_.join();
    close(listener_);
  }

  [[nodiscard]] Endpoint endpoint(const std::string& scheme, const std::string& host = "127.0.0.1") const {
    return {scheme, host, port_};
  }
  // What was asked; valid once the check is over.
  std::string question() {
    thread_.join();
    thread_ = std::thread([] {});
    return question_;
  }

 private:
  void serve(const std::vector<std::string>& pieces) {
    const int peer = accept(listener_, nullptr, nullptr);
    if (peer < 0) return;
    char buffer[512];
    const ssize_t size = recv(peer, buffer, sizeof buffer, 0);
    question_.assign(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
    for (const std::string& piece : pieces) send(peer, piece.data(), piece.size(), MSG_NOSIGNAL);
    if (!pieces.empty() && pieces.back().empty()) shutdown(peer, SHUT_WR);
    while (recv(peer, buffer, sizeof buffer, 0) > 0) {
    }
    close(peer);
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::string question_;
  std::thread thread_;
};

constexpr Duration long_enough{10'000};

TEST(HealthCheck, AsksRespForAPong) {
  Peer peer({"+PO", "NG\r\n"});
  EXPECT_TRUE(check_health(peer.endpoint("resp"), long_enough).has_value());
  EXPECT_EQ(peer.question(), "*1\r\n$4\r\nPING\r\n");
}

TEST(HealthCheck, AsksAtAPathToo) {
  EXPECT_EQ(check_health({.scheme = "resp", .path = "/nowhere/larder.sock"}, long_enough).error().kind,
            ErrorKind::disconnected);
}

TEST(HealthCheck, AsksLineForAKeyThatIsNotThere) {
  Peer peer({"END\r", "\n"});
  EXPECT_TRUE(check_health(peer.endpoint("line"), long_enough).has_value());
  EXPECT_EQ(peer.question(), "get larder-healthcheck\r\n");
}

TEST(HealthCheck, AcceptsAValueUnderThatKey) {
  const Peer peer({"odd\r\nEND\r\n"});
  EXPECT_TRUE(check_health(peer.endpoint("line"), long_enough).has_value());
}

TEST(HealthCheck, AsksHttpForItsHealthPage) {
  Peer peer({"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"});
  const Endpoint endpoint = peer.endpoint("http");
  EXPECT_TRUE(check_health(endpoint, long_enough).has_value());
  EXPECT_EQ(peer.question(), "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(endpoint.port) +
                                 "\r\nConnection: close\r\n\r\n");
}

TEST(HealthCheck, AcceptsThatAPasswordIsAskedFor) {
  const Peer resp({"-NOAU", "TH Authentication required.\r\n"});
  EXPECT_TRUE(check_health(resp.endpoint("resp"), long_enough).has_value());
  const Peer line({"ERR", "OR log in first: auth USER PASSWORD\r\n"});
  EXPECT_TRUE(check_health(line.endpoint("line"), long_enough).has_value());
}

TEST(HealthCheck, FindsAHostByItsName) {
  const Peer peer({"+PONG\r\n"});
  EXPECT_TRUE(check_health(peer.endpoint("resp", "localhost"), long_enough).has_value());
}

TEST(HealthCheck, FailsOnAnAnswerThatIsNotAHealthyOne) {
  for (const auto& [scheme, text] : {std::pair{"resp", "-LOADING later\r\n"},
                                     {"line", "ERROR too many connections\r\n"},
                                     {"http", "HTTP/1.1 503 Service Unavailable\r\n\r\n"},
                                     {"resp", "END\r\n"}}) {
    const Peer peer({text});
    const auto answer = check_health(peer.endpoint(scheme), long_enough);
    ASSERT_FALSE(answer.has_value()) << text;
    EXPECT_EQ(answer.error().kind, ErrorKind::malformed) << text;
  }
}

TEST(HealthCheck, FailsOnAPeerThatClosesFirst) {
  const Peer peer({""});
  const auto answer = check_health(peer.endpoint("resp"), long_enough);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().message, "closed without an answer");
}

TEST(HealthCheck, FailsOnAPeerThatNeverStopsTalking) {
  const Peer peer({std::string(8192, 'x')});
  EXPECT_FALSE(check_health(peer.endpoint("line"), long_enough).has_value());
}

TEST(HealthCheck, FailsOnAPeerThatIsSilentPastTheLimit) {
  const Peer peer({});
  const auto answer = check_health(peer.endpoint("resp"), Duration{50});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::timed_out);
}

TEST(HealthCheck, FailsWhereNobodyListens) {
  // A port that was bound a moment ago and is free again.
  std::uint16_t port = 0;
  {
    const Peer peer({"+PONG\r\n"});
    port = peer.endpoint("resp").port;
    EXPECT_TRUE(check_health(peer.endpoint("resp"), long_enough).has_value());
  }
  const auto answer = check_health({"resp", "127.0.0.1", port}, long_enough);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::disconnected);
}

}  // namespace
}  // namespace larder::program
