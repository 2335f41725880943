// Who logs in, when, and what becomes of a refusal. Method: a scripted peer sees the bytes of each
// connection; tests/e2e proves the same against servers that have users.
#include "client/login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "client/scripted_peer.h"
#include "larder/client.h"

namespace larder::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr Bytes ping = "*1\r\n$4\r\nPING\r\n";
constexpr Bytes auth = "*3\r\n$4\r\nAUTH\r\n$3\r\nbob\r\n$6\r\nsecret\r\n";

ClientOptions as_bob(const ScriptedPeer& peer) {
  return {.address = peer.url(), .call_timeout = Duration{5000}, .user = "bob", .password = "secret"};
}

TEST(Login, IsTheFirstCommandOfEachConnection) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(auth);
    connection.send("+OK\r\n");
    for (int count = 0; count < 2; ++count) {
      connection.expect(ping);
      connection.send("+PONG\r\n");
    }
  });
  Client client = make_client(as_bob(peer)).value();
  for (int count = 0; count < 4; ++count) EXPECT_TRUE(client.ping()) << count;
  EXPECT_EQ(peer.accepted_count(), 2U);
}

TEST(Login, NeedsNoUser) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n");
    connection.send("+OK\r\n");
    connection.expect(ping);
    connection.send("+PONG\r\n");
  });
  Client client = make_client({.address = peer.url(), .password = "secret"}).value();
  EXPECT_TRUE(client.ping());
}

TEST(Login, ComesOutOfTheAddress) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(auth);
    connection.send("+OK\r\n");
    connection.expect(ping);
    connection.send("+PONG\r\n");
  });
  Client client = make_client({.address = "resp://bob:%73ecret@" + peer.url().substr(7)}).value();
  EXPECT_TRUE(client.ping());
}

// A program with a wrong password is no storm: the next call does not ask.
TEST(Login, ThatIsRefusedIsToldAndNotTriedAgainAtOnce) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(auth);
    connection.send("-WRONGPASS no such luck\r\n");
  });
  Client client = make_client(as_bob(peer)).value();
  for (int count = 0; count < 100; ++count) {
    const auto answer = client.get("k");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::denied);
    EXPECT_EQ(answer.error().message, peer.url() + ": the login was refused: WRONGPASS no such luck");
  }
  EXPECT_EQ(peer.accepted_count(), 1U);
}

TEST(Login, IsTriedAgainWhenTheServerWasOnlyBusy) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(auth);
    if (connection.index() == 0) {
      connection.send("-LOADING come back later\r\n");
      return;
    }
    connection.send("+OK\r\n");
    connection.expect(ping);
    connection.send("+PONG\r\n");
  });
  Client client = make_client(as_bob(peer)).value();
  EXPECT_EQ(client.ping().error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(client.ping());
}

TEST(Login, IsInNoErrorEvenIfTheServerRepeatsIt) {
  for (const Bytes reply :
       {"-ERR unknown command 'AUTH', with args 'bob' 'secret'\r\n", "$6\r\nsecret\r\n"}) {
    const ScriptedPeer peer([&](PeerConnection& connection) {
      connection.expect(auth);
      connection.send(reply);
    });
    Client client = make_client(as_bob(peer)).value();
    EXPECT_THAT(client.ping().error().message,
                AllOf(HasSubstr("the login was refused"), Not(HasSubstr("secret"))));
  }
}

// The login's time is a part of the call's, and a peer that hangs up during it is a server that went away.
TEST(Login, EndsByTheDeadlineOrWithTheConnection) {
  const ScriptedPeer silent([](PeerConnection& connection) { connection.stay_silent(); });
  ClientOptions options = as_bob(silent);
  options.call_timeout = Duration{100};
  EXPECT_EQ(make_client(options)->ping().error().kind, ErrorKind::timed_out);

  const ScriptedPeer curt([](PeerConnection& connection) { connection.expect(auth); });
  EXPECT_EQ(make_client(as_bob(curt))->ping().error().kind, ErrorKind::disconnected);
}

}  // namespace
}  // namespace larder::client
