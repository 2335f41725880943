// The line protocol, bytes in and bytes out, on a real cache. Method: each conversation is played whole, byte
// by byte and cut at each position; the replies must be those of the table.
#include "session/line_session.h"

#include <gtest/gtest.h>
#include <string>

#include "session/session_test_support.h"

namespace larder::session {
namespace {

std::string talk_in_lines(World& world, Bytes requests, std::size_t step = 0) {
  LineSession session(world.environment);
  return play(session, requests, step).replies;
}

void expect_however_cut(Bytes requests, const std::string& replies) {
  for (std::size_t cut = 0; cut <= requests.size(); ++cut) {
    const World world;
    LineSession session(world.environment);
    EXPECT_EQ(play_cut(session, requests, cut).replies, replies) << requests << " cut at " << cut;
  }
  World world;
  EXPECT_EQ(talk_in_lines(world, requests, 1), replies) << requests;
}

TEST(LineSession, AnswersTheClassicConversation) {
  expect_however_cut("set k v\r\nget k\r\nGET absent\ndelete k\r\nget k\r\nDelete k\n",
                     "END\r\nv\r\nEND\r\nEND\r\nEND\r\nEND\r\nEND\r\n");
  expect_however_cut("set k a b  c \nget k\nset k \nget k\n", "END\r\na b  c \r\nEND\r\nEND\r\n\r\nEND\r\n");
}

TEST(LineSession, AnswersEveryOtherLineWithOneErrorAndGoesOn) {
  expect_however_cut("\nfoo\nget\nget a b\nset k\nset k v\n",
                     "ERROR unknown verb; there are get, set, delete, auth and quit\r\n"
                     "ERROR unknown verb; there are get, set, delete, auth and quit\r\n"
                     "ERROR a key is missing\r\n"
                     "ERROR one key and nothing behind it\r\n"
                     "ERROR a space and a value are missing\r\n"
                     "END\r\n");
}

TEST(LineSession, ServesNobodyNewWithoutALogin) {
  World world;
  world.limits.line_size_max = 100;
  world.put("k", "v");
  LineSession before(world.environment);
  world.service.accounts.password.set("secret");
  const std::string refusal = "ERROR log in first: auth USER PASSWORD\r\n";
  LineSession after(world.environment);
  Peer peer(after);
  peer.send("get k\r\nset k w\r\ndelete k\r\nfoo\r\n\r\n");
  EXPECT_EQ(peer.take_replies(), refusal + refusal + refusal + refusal + refusal);
  EXPECT_FALSE(peer.played().closed);
  EXPECT_EQ(play(before, "get k\n").replies, "v\r\nEND\r\n");
  world.service.accounts.password.set("");
  peer.send("get k\n");
  EXPECT_EQ(peer.take_replies(), "v\r\nEND\r\n");
  world.service.accounts.password.set("secret");
  peer.send("get k\n");
  EXPECT_EQ(peer.take_replies(), refusal);
  // The key of a line beyond the limit stays as well.
  peer.send("set k " + std::string(200, 'w') + "\n");
  EXPECT_TRUE(peer.played().closed);
  EXPECT_EQ(play(before, "get k\n").replies, "v\r\nEND\r\n");
  LineSession quits(world.environment);
  EXPECT_EQ(play(quits, "quit\n").replies, "");
}

TEST(LineSession, LetsInWhoLogsIn) {
  World world;
  world.service.accounts.password.set("my secret");
  LineSession session(world.environment);
  Peer peer(session);
  peer.send(
      "auth\nauth default\nauth default wrong\nget k\nAUTH default my secret\r\nset k v\nauth a b\nget k\n");
  EXPECT_EQ(peer.take_replies(),
            "ERROR log in first: auth USER PASSWORD\r\nERROR log in first: auth USER PASSWORD\r\n"
            "ERROR wrong user or password\r\nERROR log in first: auth USER PASSWORD\r\nOK\r\nEND\r\n"
            "ERROR wrong user or password\r\nv\r\nEND\r\n");
  EXPECT_EQ(world.counters.logins_refused.value(), 2U);
  EXPECT_EQ(talk_in_lines(world, "auth default my secret\nauth default\nauth\n"),
            "OK\r\nERROR a user, a space and a password are missing\r\n"
            "ERROR a user and a password are missing\r\n");
}

TEST(LineSession, HoldsUsersToTheirRights) {
  World world;
  world.limits.line_size_max = 100'000;
  world.limits.value_size_max = 10;
  const auto user = [](const char* name, Rights rights, std::vector<std::string> prefixes) {
    return User{.name = name,
                .password = make_scrypt_hash(name, {.n = 2, .r = 1, .salt = "12345678"}),
                .rights = rights,
                .prefixes = std::move(prefixes)};
  };
  world.service.accounts.users.set(
      {user("app", read_right | write_right, {"app:"}), user("r", read_right, {})});
  world.put("k", "v");
  const std::string denied = "ERROR this user may not do that\r\n";
  const std::string key_denied = "ERROR this user may not reach this key\r\n";
  EXPECT_EQ(talk_in_lines(world, "auth r r\nget k\nset k w\ndelete k\nget k\n"),
            "OK\r\nv\r\nEND\r\n" + denied + denied + "v\r\nEND\r\n");
  EXPECT_EQ(talk_in_lines(world, "auth app app\nget k\nset k w\nset k " + std::string(50, 'x') +
                                     "\nset app:k 1\nget app:k\n"),
            "OK\r\n" + key_denied + key_denied + key_denied + "END\r\n1\r\nEND\r\n");
  // Lines beyond the limit: of a stranger, and of whoever may not empty the key.
  for (const std::string login : {"", "auth r r\n", "auth app app\n"}) {
    talk_in_lines(world, login + "set k " + std::string(100'001, 'x') + "\n");
  }
  EXPECT_EQ(talk_in_lines(world, "get k " + std::string(20'000, 'x') + "\n"),
            "ERROR a line is longer than 16384 bytes\r\n");
  LineSession session(world.environment);
  Peer peer(session);
  peer.send("auth r r\nget k\n");
  EXPECT_EQ(peer.take_replies(), "OK\r\nv\r\nEND\r\n");
  world.service.accounts.users.set({});
  peer.send("get k\n");
  EXPECT_TRUE(peer.played().closed);
}

TEST(LineSession, WaitsWhileAPasswordIsTried) {
  struct HandClock final : Clock {
    Now now() const override { return {.wall = TimePoint{Duration{1'700'000'000'000}}, .steady = {}}; }
  };
  World world;
  world.service.accounts.users.set({{.name = "a",
                                     .password = make_scrypt_hash("a", {.n = 2, .r = 1, .salt = "12345678"}),
                                     .rights = read_right}});
  LineSession session(world.environment);
  const auto remote = std::make_shared<Noted>();
  session.attach(remote);
  Peer peer(session);
  peer.send("auth a a\nget k\n");
  EXPECT_EQ(peer.take_replies(), "");
  EXPECT_TRUE(world.service.logins.run_due(HandClock()));
  EXPECT_EQ(remote->wake_count, 1);
  peer.send("");
  EXPECT_EQ(peer.take_replies(), "OK\r\nEND\r\n");
}

TEST(LineSession, ClosesOnQuitAndReadsNothingBehindIt) {
  World world;
  LineSession session(world.environment);
  const Played played = play(session, "set k v\nQUIT\nset k w\n");
  EXPECT_EQ(played.replies, "END\r\n");
  EXPECT_TRUE(played.closed);
  EXPECT_EQ(talk_in_lines(world, "get k\n"), "v\r\nEND\r\n");
}

TEST(LineSession, ClosesOnALineBeyondTheLimit) {
  World world;
  world.limits.line_size_max = 10;
  LineSession session(world.environment);
  const Played played = play(session, "get k\nset key value\nget k\n");
  EXPECT_EQ(played.replies, "END\r\nERROR a line is longer than 10 bytes\r\n");
  EXPECT_TRUE(played.closed);
  EXPECT_EQ(world.counters.protocol_errors.value(), 1U);
}

TEST(LineSession, RefusesKeysAndValuesBeyondTheirLimitsAndKeepsTheConnection) {
  World world;
  world.limits.key_size_max = 4;
  world.limits.value_size_max = 4;
  EXPECT_EQ(talk_in_lines(world, "get 12345\nset 12345 v\nset k 1234\nset k 12345\nget k\n"),
            "ERROR a key is longer than 4 bytes\r\n"
            "ERROR a key is longer than 4 bytes\r\n"
            "END\r\n"
            "ERROR a value is longer than 4 bytes\r\n"
            "END\r\n")
      << "and the refused value leaves nothing under its key";
}

TEST(LineSession, KeepsNoOldValueUnderAKeyWhoseNewLineWasTooLong) {
  for (const std::size_t step : {0U, 1U}) {
    World world;
    world.limits.line_size_max = 100;
    world.limits.key_size_max = 20;
    world.put("k", "old");
    world.put("j", "kept");
    LineSession session(world.environment);
    const Played played = play(session, "set k " + std::string(95, 'v'), step);
    EXPECT_EQ(played.replies, "ERROR a line is longer than 100 bytes\r\n");
    EXPECT_TRUE(played.closed);
    EXPECT_EQ(talk_in_lines(world, "get k\n"), "END\r\n");
    LineSession reader(world.environment);
    EXPECT_TRUE(play(reader, "get j " + std::string(95, 'v'), step).closed);
    LineSession other(world.environment);
    EXPECT_TRUE(play(other, "set " + std::string(21, 'k') + " " + std::string(95, 'v'), step).closed);
    EXPECT_EQ(world.cache->stats().items, 1U) << "nothing else goes";
  }
}

TEST(LineSession, RefusesAnItemThatTheCacheCannotHold) {
  World world(std::size_t{1} << 20);
  EXPECT_EQ(talk_in_lines(world, "set k v\nset k " + std::string(1000000, 'v') + "x" +
                                     std::string(48000, 'v') + "\nget k\n"),
            "END\r\nERROR the item is larger than this cache ever holds\r\nEND\r\n");
}

TEST(LineSession, DoesNotShowAValueThatIsNotOneLine) {
  World world;
  for (const Bytes value : {"a\r\nEND", "a\nb", "a\rb"}) {
    world.put("k", value);
    EXPECT_EQ(talk_in_lines(world, "get k\nget j\n"),
              "ERROR value is not one line; read it over RESP or HTTP\r\nEND\r\n");
  }
}

TEST(LineSession, ClosesWithoutAWordIfALineIsHttp) {
  World world;
  const Bytes request = "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nset k v\r\n";
  for (std::size_t step = 0; step < 3; ++step) {
    LineSession session(world.environment);
    const Played played = play(session, request, step);
    EXPECT_EQ(played.replies, "");
    EXPECT_TRUE(played.closed);
    EXPECT_EQ(world.counters.http_on_wrong_port.value(), step + 1);
  }
  EXPECT_EQ(talk_in_lines(world, "get k\n"), "END\r\n");
  const Bytes unknown = "ERROR unknown verb; there are get, set, delete, auth and quit\r\n";
  EXPECT_EQ(talk_in_lines(world, "\r\nPOST / HTTP/1.1\nset k v\n"), unknown)
      << "an empty line in front is no way round";
  EXPECT_EQ(talk_in_lines(world, "get k\nHOST: a\nset k v\n"), "END\r\n") << "nor is a command";
  EXPECT_EQ(talk_in_lines(world, "get k\nGET / HTTP/1.1\nset k v\n"), "END\r\n")
      << "nor a verb that is a method, too";
  EXPECT_EQ(talk_in_lines(world, "get k\nset j POST / HTTP/1.1\nget j\n"),
            "END\r\nEND\r\nPOST / HTTP/1.1\r\nEND\r\n")
      << "what is a request is one";
}

TEST(LineSession, AnswersAThousandRequestsOfOneWriteInOrder) {
  World world;
  std::string requests;
  std::string replies;
  for (int i = 0; i < 500; ++i) {
    const std::string n = std::to_string(i);
    requests.append("set k").append(n).append(" v").append(n).append("\nget k").append(n).append("\n");
    replies.append("END\r\nv").append(n).append("\r\nEND\r\n");
  }
  EXPECT_EQ(talk_in_lines(world, requests), replies);
  EXPECT_EQ(world.counters.commands.value(), 1000U);
}

TEST(LineSession, StopsTakingRequestsWhileTheOutputIsFull) {
  World world;
  const std::string value(300000, 'v');
  world.put("k", value);
  LineSession session(world.environment);
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += "get k\n";
  Output output;
  const Progress progress = session.advance(requests, world.now, output);
  EXPECT_EQ(progress.wait, Wait::output);
  EXPECT_LT(output.size(), Output::turn_size + value.size() + 10);
  std::string replies;
  for (int i = 0; i < 20; ++i) replies += value + "\r\nEND\r\n";
  LineSession again(world.environment);
  EXPECT_EQ(play(again, requests).replies, replies);
}

}  // namespace
}  // namespace larder::session
