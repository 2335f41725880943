// Both ends of a connection as text. Method: real sockets on loopback.
#include "transport/addresses.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "transport/listener.h"
#include "transport/loop_test_support.h"

namespace larder::transport {
namespace {

TEST(Addresses, NameBothEnds) {
  const auto listener = open_listener({"resp", "127.0.0.1", 0});
  ASSERT_TRUE(listener.has_value());
  const TestPeer peer(listener->endpoint.port);
  const Socket accepted(::accept4(listener->socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  for (int i = 0; i < 1000 && !accepted.valid(); ++i) {
  }
  if (!accepted.valid()) GTEST_SKIP() << "not accepted at once";
  const SocketAddresses addresses = addresses_of(accepted);
  EXPECT_EQ(addresses.local, "127.0.0.1:" + std::to_string(listener->endpoint.port));
  EXPECT_TRUE(addresses.peer.starts_with("127.0.0.1:"));
  EXPECT_NE(addresses.peer, addresses.local);
}

TEST(Addresses, OfNoSocketAreEmpty) {
  EXPECT_EQ(addresses_of(Socket()).peer, "");
  EXPECT_EQ(addresses_of(Socket()).local, "");
}

}  // namespace
}  // namespace larder::transport
