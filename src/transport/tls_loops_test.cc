// TLS over every loop and real sockets. Method: OpenSSL's client behind a blocking socket.
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <utility>

#include "transport/loop_test_support.h"
#include "transport/tls_test_support.h"

namespace larder::transport {
namespace {

class TlsLoops : public testing::TestWithParam<LoopKind> {
 protected:
  TlsLoops() { certificates_.issue("server"); }

  std::shared_ptr<const TlsContext> load() {
    auto loaded = load_tls_context(certificates_.files("server"), SystemClock().now().wall);
    EXPECT_TRUE(loaded.has_value());
    return *loaded;
  }

  /// A client's side behind a socket.
  class Peer {
   public:
    Peer(std::uint16_t port, const ClientHabits& habits) : socket_(port), client_(habits) {}

    void send(Bytes plain) {
      client_.send(plain);
      flush();
    }
    /// Until that much has come altogether, or the connection has ended.
    const std::string& receive(std::size_t size) {
      flush();
      while (client_.received().size() < size && client_.failure().empty() && !client_.has_ended()) {
        std::string bytes(65'536, '\0');
        const ssize_t received = ::recv(socket_.descriptor(), bytes.data(), bytes.size(), 0);
        if (received <= 0) break;
        client_.receive(Bytes(bytes).substr(0, static_cast<std::size_t>(received)));
        flush();
      }
      return client_.received();
    }
    [[nodiscard]] TlsClient& client() { return client_; }
    [[nodiscard]] TestPeer& socket() { return socket_; }

   private:
    void flush() {
      while (client_.has_output()) static_cast<void>(socket_.try_send(client_.take()));
    }

    TestPeer socket_;
    TlsClient client_;
  };

  TestCertificates certificates_;
};
LARDER_FOR_EACH_LOOP(TlsLoops);

TEST_P(TlsLoops, ServesRequestsOfAllSizes) {
  TestServer server(GetParam(), [] { return std::make_unique<FunctionHandler>(answer_sizes); }, {}, nullptr,
                    {.context = load(), .application_protocol = {}});
  Peer peer(server.port(), {.ca = certificates_.ca()});
  std::size_t size = 0;
  for (const std::size_t next : {1U, 100U, 16'384U, 100'000U, 5'000'000U}) {
    peer.send(std::to_string(next) + "\n");
    size += next;
    ASSERT_EQ(peer.receive(size).size(), size);
  }
  EXPECT_TRUE(server.observer().await([&] { return server.observer().tls_established == 1; }));
}

TEST_P(TlsLoops, APipelineOfManyRecordsIsAnsweredWhole) {
  const TestServer server(GetParam(), [] { return std::make_unique<FunctionHandler>(echo_lines); }, {},
                          nullptr, {.context = load(), .application_protocol = {}});
  Peer peer(server.port(), {});
  std::string all;
  for (int i = 0; i < 30'000; ++i) all += "line " + std::to_string(i) + "\n";
  peer.send(all);
  EXPECT_EQ(peer.receive(all.size()), all);
}

TEST_P(TlsLoops, ShuttingDownLosesNoReplyAndSaysSo) {
  TestServer server(GetParam(), [] { return std::make_unique<FunctionHandler>(answer_sizes); }, {}, nullptr,
                    {.context = load(), .application_protocol = {}});
  Peer peer(server.port(), {});
  peer.send("1\n");
  ASSERT_EQ(peer.receive(1).size(), 1U);
  peer.send("3000000\n");
  ASSERT_GE(peer.receive(1000).size(), 1000U);
  server.loop().shut_down(std::chrono::seconds(60));
  EXPECT_EQ(peer.receive(std::string::npos).size(), 3'000'001U);
  EXPECT_TRUE(peer.client().has_ended()) << peer.client().failure();
}

TEST_P(TlsLoops, OthersAreServedBesideThoseWhoStopOrSpeakNoTls) {
  ManualClock clock;
  TestServer server(GetParam(), [] { return std::make_unique<FunctionHandler>(echo_lines); }, {}, &clock,
                    {.context = load(), .application_protocol = {}});
  TlsClient stopped;
  const TestPeer silent(server.port());
  silent.send(stopped.take(100));
  TestPeer plain(server.port());
  plain.send("*1\r\n$4\r\nPING\r\n");
  static_cast<void>(plain.receive_to_end());
  plain.close();
  TestPeer leaving(server.port());
  leaving.send(TlsClient().take());
  leaving.reset();
  Peer peer(server.port(), {});
  peer.send("hello\n");
  EXPECT_EQ(peer.receive(6), "hello\n");
  RecordingObserver& observer = server.observer();
  EXPECT_TRUE(observer.await([&] { return observer.tls_failed == 1; }));
  clock.move(std::chrono::seconds(10));
  server.on_loop([] {});
  EXPECT_EQ(silent.receive_to_end().bytes, "");
  EXPECT_TRUE(observer.await([&] { return observer.tls_failed == 2 && observer.closed == 3; }));
}

}  // namespace
}  // namespace larder::transport
