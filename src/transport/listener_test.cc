// Where a server listens, and what it says when it cannot. Method: real sockets on loopback with ports that
// the kernel picks; refusals are provoked, and their sentences read.
#include "transport/listener.h"

#include <arpa/inet.h>
#include <cstring>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>

namespace larder::transport {
namespace {

using testing::HasSubstr;

Endpoint at(std::string host, std::uint16_t port = 0) { return {"resp", std::move(host), port}; }

Socket connect_to(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  sockaddr generic{};
  std::memcpy(&generic, &address, sizeof generic);
  if (::connect(socket.get(), &generic, sizeof address) != 0) socket.close();
  return socket;
}

int option_of(const Socket& socket, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(socket.get(), level, option, &value, &size), 0);
  return value;
}

TEST(Listener, TellsThePortThatTheKernelPicked) {
  const auto listener = open_listener(at("127.0.0.1"));
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  EXPECT_NE(listener->endpoint.port, 0);
  EXPECT_EQ(listener->endpoint.host, "127.0.0.1");
  EXPECT_TRUE(listener->loopback);
  EXPECT_TRUE(connect_to(listener->endpoint.port).valid());
}

TEST(Listener, ListensOnBothFamiliesOfOnePort) {
  const auto ipv4 = open_listener(at("0.0.0.0"));
  ASSERT_TRUE(ipv4.has_value()) << ipv4.error().message;
  EXPECT_FALSE(ipv4->loopback);
  const auto ipv6 = open_listener(at("::", ipv4->endpoint.port));
  if (!ipv6 && ipv6.error().kind == ErrorKind::unsupported) GTEST_SKIP() << "no IPv6 on this machine";
  ASSERT_TRUE(ipv6.has_value()) << ipv6.error().message;
  EXPECT_FALSE(ipv6->loopback);
}

TEST(Listener, NamesAnIpv6AddressInBrackets) {
  const auto listener = open_listener(at("::1"));
  if (!listener && listener.error().kind == ErrorKind::unsupported)
    GTEST_SKIP() << "this machine has no IPv6 loopback";
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  EXPECT_TRUE(listener->loopback);
  EXPECT_EQ(listener->endpoint.url(), "resp://[::1]:" + std::to_string(listener->endpoint.port));
  const auto second = open_listener(listener->endpoint);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message,
            "[::1]:" + std::to_string(listener->endpoint.port) + " is in use already");
}

TEST(Listener, NamesTheAddressThatIsInUse) {
  const auto first = open_listener(at("127.0.0.1"));
  ASSERT_TRUE(first.has_value());
  const auto second = open_listener(first->endpoint);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message,
            "127.0.0.1:" + std::to_string(first->endpoint.port) + " is in use already");
}

TEST(Listener, MayListenAgainWhileOldConnectionsFade) {
  auto first = open_listener(at("127.0.0.1"));
  ASSERT_TRUE(first.has_value());
  Socket client = connect_to(first->endpoint.port);
  Socket accepted(::accept(first->socket.get(), nullptr, nullptr));
  ASSERT_TRUE(accepted.valid());
  accepted.close();  // our side ends first, so our side is in TIME_WAIT
  client.close();
  first->socket.close();
  EXPECT_TRUE(open_listener(first->endpoint).has_value());
}

TEST(Listener, SaysWhyItCannot) {
  const auto message = [](const Endpoint& endpoint) {
    const auto listener = open_listener(endpoint);
    return listener ? std::string("listens") : listener.error().message;
  };
  EXPECT_THAT(message(at("192.0.2.1", 9999)), HasSubstr("192.0.2.1:9999: this machine has no such address"));
  EXPECT_THAT(message(at("no-such-host.invalid", 1)), HasSubstr("no-such-host.invalid:1: host not found"));
}

TEST(Listener, HandsItsSettingsToWhatItAccepts) {
  const auto listener = open_listener(at("127.0.0.1"));
  ASSERT_TRUE(listener.has_value());
  EXPECT_NE(::fcntl(listener->socket.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(listener->socket.get(), F_GETFD) & FD_CLOEXEC, 0);
  const Socket client = connect_to(listener->endpoint.port);
  const Socket accepted(::accept(listener->socket.get(), nullptr, nullptr));
  ASSERT_TRUE(accepted.valid());
  EXPECT_EQ(option_of(accepted, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option_of(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(accepted, IPPROTO_TCP, TCP_KEEPIDLE), 300);
  EXPECT_EQ(option_of(accepted, IPPROTO_TCP, TCP_KEEPINTVL), 100);
  EXPECT_EQ(option_of(accepted, IPPROTO_TCP, TCP_KEEPCNT), 3);
}

TEST(Listener, AsksSilentPeersAsOftenAsItIsTold) {
  const auto often = open_listener(at("127.0.0.1"), {.keepalive = std::chrono::seconds{2}});
  ASSERT_TRUE(often.has_value());
  EXPECT_EQ(option_of(often->socket, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(often->socket, IPPROTO_TCP, TCP_KEEPIDLE), 2);
  EXPECT_EQ(option_of(often->socket, IPPROTO_TCP, TCP_KEEPINTVL), 1);
  const auto never = open_listener(at("127.0.0.1"), {.keepalive = std::chrono::seconds{0}});
  ASSERT_TRUE(never.has_value());
  EXPECT_EQ(option_of(never->socket, SOL_SOCKET, SO_KEEPALIVE), 0);
}

TEST(Listener, LetsAsManyWaitAsItIsTold) {
  const auto listener = open_listener(at("127.0.0.1"), {.backlog = 7});
  ASSERT_TRUE(listener.has_value());
  tcp_info info{};
  socklen_t size = sizeof info;
  ASSERT_EQ(::getsockopt(listener->socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  EXPECT_EQ(info.tcpi_sacked, 7U) << "of a listening socket, the length of its queue";
}

TEST(IsLoopback, IsTrueOnlyOfWhatStaysOnThisMachine) {
  for (const char* host : {"127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1", "localhost"})
    EXPECT_TRUE(is_loopback(at(host)).value()) << host;
  EXPECT_TRUE(is_loopback({.scheme = "resp", .path = "/run/larder.sock"}).value());
  for (const char* host : {"0.0.0.0", "::", "192.0.2.1", "128.0.0.1", "::ffff:10.0.0.1"})
    EXPECT_FALSE(is_loopback(at(host)).value()) << host;
  EXPECT_FALSE(is_loopback(at("no-such-host.invalid")).has_value());
}

}  // namespace
}  // namespace larder::transport
