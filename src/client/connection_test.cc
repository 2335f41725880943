// A reply may arrive in any number of reads. Method: a pair of packet sockets, on which every packet is one
// read of the connection's: each reply that exists, cut at each position, and byte by byte; all must agree
// with the reply that came whole.
#include "client/connection.h"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace larder::client {
namespace {

using Pieces = std::vector<Bytes>;

/// One exchange of `command_count` commands on a new connection that reads just these pieces.
Result<std::vector<protocol::Reply>> read(const Pieces& pieces, std::size_t command_count) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  for (const Bytes piece : pieces)
    EXPECT_EQ(::send(ends[1], piece.data(), piece.size(), 0), static_cast<ssize_t>(piece.size()));
  Connection connection = Connection(Stream(ends[0]), {});
  std::vector<protocol::Reply> replies;
  const auto exchanged = connection.exchange("x", command_count, Deadline::after(Duration{10000}),
                                             [&](std::size_t index, protocol::Reply& reply) -> Result<void> {
                                               EXPECT_EQ(index, replies.size());
                                               replies.push_back(std::move(reply));
                                               return {};
                                             });
  EXPECT_EQ(connection.usable(), exchanged.has_value());
  ::close(ends[1]);
  if (!exchanged) return std::unexpected(exchanged.error());
  return replies;
}

std::string error_of(const Pieces& pieces) {
  const auto replies = read(pieces, 1);
  return replies ? "none" : replies.error().message;
}

Pieces byte_by_byte(Bytes bytes) {
  Pieces pieces;
  for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
  return pieces;
}

void expect_same_in_every_cut(Bytes bytes, std::size_t command_count) {
  const auto whole = read({bytes}, command_count);
  ASSERT_TRUE(whole) << bytes << ": " << whole.error().message;
  ASSERT_EQ(whole->size(), command_count) << bytes;
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    const auto in_two = read({bytes.substr(0, cut), bytes.substr(cut)}, command_count);
    EXPECT_TRUE(in_two && *in_two == *whole) << bytes << " at " << cut;
  }
  const auto in_many = read(byte_by_byte(bytes), command_count);
  EXPECT_TRUE(in_many && *in_many == *whole) << bytes;
}

TEST(Connection, ReadsEveryKindOfReplyInAnyCut) {
  for (const Bytes reply : {"+OK\r\n",
                            "-ERR no such luck\r\n",
                            ":-1234567\r\n",
                            "$5\r\nvalue\r\n",
                            "$0\r\n\r\n",
                            "$4\r\n\r\n\r\n\r\n",
                            "$-1\r\n",
                            "*-1\r\n",
                            "*0\r\n",
                            "*3\r\n$1\r\na\r\n$-1\r\n*2\r\n:1\r\n+b\r\n",
                            "_\r\n",
                            "#t\r\n",
                            ",1.5\r\n",
                            "(123456789012345678901\r\n",
                            "!5\r\nERR x\r\n",
                            "=7\r\ntxt:abc\r\n",
                            "%1\r\n+k\r\n:1\r\n",
                            "~1\r\n:1\r\n",
                            ">1\r\n+k\r\n",
                            "|1\r\n+k\r\n+v\r\n:7\r\n"})
    expect_same_in_every_cut(reply, 1);
}

TEST(Connection, ReadsTheRepliesOfAPipelineInAnyCut) {
  expect_same_in_every_cut(
      "+OK\r\n$5\r\nvalue\r\n-ERR no\r\n$-1\r\n:1\r\n*2\r\n$1\r\na\r\n$0\r\n\r\n+PONG\r\n", 7);
}

// However it is cut, a byte too many ends the connection.
TEST(Connection, TakesNothingBeyondItsLastReply) {
  const Bytes bytes = "$1\r\nv\r\n+";
  for (std::size_t cut = 1; cut + 1 < bytes.size(); ++cut)
    EXPECT_EQ(error_of({bytes.substr(0, cut), bytes.substr(cut)}),
              "the server answered more than it was asked");
}

TEST(Connection, KeepsNoMoreOfALineThanItsBound) {
  const std::string line = "+" + std::string(std::size_t{70} << 10, 'x');
  Pieces pieces;
  for (std::size_t offset = 0; offset < line.size(); offset += 4096)
    pieces.push_back(Bytes(line).substr(offset, 4096));
  EXPECT_EQ(error_of(pieces), "a line of the reply is too long");
}

}  // namespace
}  // namespace larder::client
