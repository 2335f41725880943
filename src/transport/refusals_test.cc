// A refused peer reads why and sees the end, whatever it had sent; and refusals cost little. Method: TCP on
// loopback, where closing with unread bytes would reset the connection.
#include "transport/refusals.h"

#include <array>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace larder::transport {
namespace {

// Two ends of one connection: ours, non-blocking, and the peer's.
std::pair<Socket, Socket> connected_pair() {
  const Socket listener(socket(AF_INET, SOCK_STREAM, 0));
  if (!listener.valid()) return {};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  EXPECT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  Socket peer(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(connect(peer.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  Socket ours(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK));
  EXPECT_TRUE(ours.valid());
  return {std::move(ours), std::move(peer)};
}

std::string read_all(const Socket& peer) {
  std::string text;
  std::array<char, 512> buffer;
  for (;;) {
    const ssize_t size = recv(peer.get(), buffer.data(), buffer.size(), 0);
    if (size == 0) return text;
    if (size < 0) return text + " (reset)";
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

SteadyTime at_ms(int milliseconds) { return SteadyTime{Duration{milliseconds}}; }

TEST(Refusals, AreReadByAPeerThatHasSentBytesAlready) {
  Refusals refusals;
  auto [ours, peer] = connected_pair();
  ASSERT_TRUE(peer.valid());
  ASSERT_EQ(send(peer.get(), "GET / HTTP/1.1\r\n", 16, 0), 16);
  refusals.refuse(std::move(ours), "no room\r\n", at_ms(0));
  refusals.tick(at_ms(100));
  EXPECT_EQ(read_all(peer), "no room\r\n");
}

TEST(Refusals, AreOverWhenThePeerHasGone) {
  Refusals refusals;
  auto [ours, peer] = connected_pair();
  refusals.refuse(std::move(ours), "no room\r\n", at_ms(0));
  refusals.tick(at_ms(100));
  EXPECT_EQ(refusals.socket_count(), 1U);
  EXPECT_EQ(read_all(peer), "no room\r\n");
  peer.close();
  refusals.tick(at_ms(200));
  EXPECT_EQ(refusals.socket_count(), 0U);
}

TEST(Refusals, AreOverAfterAMomentWhateverThePeerDoes) {
  Refusals refusals;
  auto [ours, peer] = connected_pair();
  refusals.refuse(std::move(ours), "no room\r\n", at_ms(0));
  refusals.tick(at_ms(999));
  EXPECT_EQ(refusals.socket_count(), 1U);
  refusals.tick(at_ms(1000));
  EXPECT_EQ(refusals.socket_count(), 0U);
}

TEST(Refusals, AreBoundedInAFlood) {
  Refusals refusals;
  std::vector<Socket> peers;
  for (std::size_t i = 0; i < Refusals::socket_count_max + 10; ++i) {
    auto [ours, peer] = connected_pair();
    refusals.refuse(std::move(ours), "no room\r\n", at_ms(0));
    peers.push_back(std::move(peer));
  }
  EXPECT_EQ(refusals.socket_count(), Refusals::socket_count_max);
  for (const Socket& peer : peers) EXPECT_EQ(read_all(peer), "no room\r\n");
}

}  // namespace
}  // namespace larder::transport
