// WebSocket on one connection, from the upgrade on. Method: conversations as frames, played at once, byte by
// byte and cut at each position against a real cache. RESP is stood in for by a session that answers lines,
// so that what is tested is how the two are joined.
#include "session/websocket_session.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>

#include "protocol/websocket/test_frames.h"
#include "session/http_session.h"
#include "session/resp_session.h"
#include "session/session_test_support.h"

namespace larder::session {
namespace {

using namespace std::string_literals;
namespace frames = protocol::websocket::test;

/// Answers each line with itself in brackets; "flood" with 100,000 bytes; "quit" ends it.
class LineEcho final : public Session {
 public:
  Progress advance(Bytes input, TimePoint /*now*/, Output& output) override {
    std::size_t consumed = 0;
    while (!output.full()) {
      const auto end = input.find('\n');
      if (end == Bytes::npos) return {.consumed = consumed, .wait = Wait::input};
      const Bytes line = input.substr(0, end);
      output.append('[');
      output.append(line == "flood" ? std::string(100'000, 'f') : std::string(line));
      output.append(']');
      consumed += end + 1;
      input.remove_prefix(end + 1);
      if (line == "quit") return {.consumed = consumed, .wait = Wait::close};
    }
    return {.consumed = consumed, .wait = Wait::output};
  }
};

std::unique_ptr<Session> make_echo() { return std::make_unique<LineEcho>(); }

const std::string upgrade =
    "GET /v1/ws HTTP/1.1\r\nHost: cache:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

const std::string upgraded =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string text_reply(Bytes text) { return frames::server_frame(1, text); }
std::string binary_reply(Bytes bytes) { return frames::server_frame(2, bytes); }

/// A world and one connection in it that is a WebSocket already.
struct Fixture {
  World world;
  HttpSession session{world.environment, make_echo};
  Peer peer{session};

  Fixture() {
    peer.send(upgrade);
    EXPECT_EQ(peer.take_replies(), upgraded);
  }
  std::string exchange(Bytes bytes) {
    peer.send(bytes);
    return peer.take_replies();
  }
  /// The reply to a text message, as text.
  std::string ask(Bytes text) {
    const std::string reply = exchange(frames::text_frame(text));
    const std::size_t head_size = reply.size() < 128 ? 2 : 4;
    return reply.size() < head_size ? reply : reply.substr(head_size);
  }
};

/// What a WebSocket shares with the HTTP connection that it was.
struct Gates {
  explicit Gates(const World& world)
      : pause(world.environment.service.clients, 7),
        login(world.environment, ""),
        meter(world.environment, {}) {}
  PauseGate pause;
  LoginGate login;
  RequestMeter meter;
};

TEST(WebSocketSession, AnswersAConversationTheSameWayHoweverItIsCut) {
  const std::string conversation =
      upgrade + frames::text_frame(R"({"id":1,"get":"k"})") +
      frames::text_frame(R"({"id":2,"set":"k","value":"v\u0000\"","ttl":5})") +
      frames::frame({.opcode = 1, .final = false}, R"({"id":"th)") + frames::ping_frame("p") +
      frames::frame({.opcode = 0}, R"(ree","get":"k"})") + frames::binary_frame("ab") +
      frames::text_frame(R"({"id":3,"delete":"k"})") + frames::binary_frame("c\nd\nef") +
      frames::binary_frame("") + frames::binary_frame("\n") + frames::text_frame("nonsense") +
      frames::close_frame(1000, "bye") + frames::text_frame(R"({"id":9,"get":"late"})");
  const std::string expected =
      upgraded + text_reply(R"({"id":1,"value":null})") + text_reply(R"({"id":2,"ok":true})") +
      frames::server_frame(10, "p") + text_reply(R"({"id":"three","value":"v\u0000\""})") +
      text_reply(R"({"id":3,"ok":true})") + binary_reply("[abc][d]") + binary_reply("[ef]") +
      text_reply(R"({"id":null,"error":"The message is not valid JSON."})") +
      frames::server_frame(8, "\x03\xE8");
  {
    const World world;
    HttpSession session(world.environment, make_echo);
    const Played played = play(session, conversation);
    EXPECT_EQ(played.replies, expected);
    EXPECT_TRUE(played.closed);
  }
  {
    const World world;
    HttpSession session(world.environment, make_echo);
    EXPECT_EQ(play(session, conversation, 1).replies, expected);
  }
  for (std::size_t cut = 0; cut <= conversation.size(); cut += 3) {
    const World world;
    HttpSession session(world.environment, make_echo);
    EXPECT_EQ(play_cut(session, conversation, cut).replies, expected) << "cut at " << cut;
  }
}

// The one test with the real thing behind binary messages.
TEST(WebSocketSession, CarriesRespInAnyCut) {
  const std::string commands =
      "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n\xFF\0\r\n\r\n$2\r\nEX\r\n$1\r\n5\r\n"
      "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n"s;
  const std::string expected = "+OK\r\n$4\r\n\xFF\0\r\n\r\n+PONG\r\n"s;
  for (std::size_t cut = 0; cut <= commands.size(); ++cut) {
    const World world;
    HttpSession session(world.environment,
                        [&] { return std::make_unique<RespSession>(world.environment, 1); });
    Peer peer(session);
    peer.send(upgrade);
    peer.take_replies();
    peer.send(frames::binary_frame(commands.substr(0, cut)) + frames::binary_frame(commands.substr(cut)));
    std::string replies = peer.take_replies();
    std::string payloads;
    while (!replies.empty()) {  // each message is small: two bytes of header
      ASSERT_EQ(replies[0], '\x82');
      const std::size_t size = static_cast<unsigned char>(replies[1]);
      payloads += replies.substr(2, size);
      replies.erase(0, 2 + size);
    }
    EXPECT_EQ(payloads, expected) << "cut at " << cut;
  }
}

TEST(WebSocketSession, NamesBinaryFramesForAValueThatIsNotText) {
  Fixture fixture;
  fixture.world.put("k", "\xFF");
  EXPECT_EQ(fixture.ask(R"({"id":1,"get":"k"})"),
            R"({"id":1,"error":"The value is not UTF-8; read it with a RESP GET in binary frames."})");
  fixture.world.put("k", "\xC3\xA4");
  EXPECT_EQ(fixture.ask(R"({"id":1,"get":"k"})"), "{\"id\":1,\"value\":\"\xC3\xA4\"}");
}

TEST(WebSocketSession, AnswersAWrongRequestAndGoesOn) {
  Fixture fixture;
  fixture.world.limits.value_size_max = 100;
  fixture.world.put("k", "old");
  EXPECT_EQ(fixture.ask(R"({"id":9,"get":""})"), R"({"id":9,"error":"The key is empty."})");
  EXPECT_EQ(fixture.ask(R"({"id":9,"get":")" + std::string(16385, 'k') + "\"}"),
            R"({"id":9,"error":"The key is longer than this server stores."})");
  EXPECT_EQ(fixture.ask(R"({"id":9,"set":"k","value":")" + std::string(101, 'v') + "\"}"),
            R"({"id":9,"error":"The value is larger than this server stores; the key is empty now."})");
  EXPECT_EQ(fixture.world.cache->stats().items, 0U);
  EXPECT_EQ(fixture.ask(R"({"id":9,"set":"k","value":"v","ttl":0})"),
            R"({"id":9,"error":"The ttl is not above 0."})");
  EXPECT_EQ(fixture.ask(R"({"id":9})"),
            R"({"id":9,"error":"The message has none of get, set, delete and auth."})");
  EXPECT_EQ(fixture.world.counters.protocol_errors.value(), 5U);
  EXPECT_EQ(fixture.ask(R"({"id":10,"set":"k","value":"v"})"), R"({"id":10,"ok":true})");
  EXPECT_FALSE(fixture.peer.played().closed);
}

TEST(WebSocketSession, ForgetsAValueWhenItsTtlHasPassed) {
  Fixture fixture;
  fixture.ask(R"({"id":1,"set":"k","value":"v","ttl":0.5})");
  fixture.peer.set_now(fixture.world.now + Duration{499});
  EXPECT_EQ(fixture.ask(R"({"id":2,"get":"k"})"), R"({"id":2,"value":"v"})");
  fixture.peer.set_now(fixture.world.now + Duration{500});
  EXPECT_EQ(fixture.ask(R"({"id":3,"get":"k"})"), R"({"id":3,"value":null})");
}

TEST(WebSocketSession, ClosesWithTheCodeOfTheRuleThatWasBroken) {
  const std::pair<std::string, unsigned> samples[] = {
      {frames::frame({.masked = false}, "a"), 1002},
      {frames::text_frame("\xFF"), 1007},
      {frames::frame({.opcode = 2}, "x", std::uint64_t{1} << 40), 1009},
  };
  for (const auto& [bytes, code] : samples) {
    Fixture fixture;
    EXPECT_EQ(frames::trailing_close_code(fixture.exchange(bytes)), code);
    EXPECT_TRUE(fixture.peer.played().closed);
    EXPECT_EQ(fixture.world.counters.protocol_errors.value(), 1U);
  }
}

TEST(WebSocketSession, SaysGoodbyeWhenRespEnds) {
  Fixture fixture;
  EXPECT_EQ(fixture.exchange(frames::binary_frame("a\nquit\nb\n")),
            binary_reply("[a][quit]") + frames::server_frame(8, "\x03\xE8"s + "the RESP session has ended"));
  EXPECT_TRUE(fixture.peer.played().closed);
}

TEST(WebSocketSession, TellsARespSessionThatFailedFromOneThatEnded) {
  const std::pair<Bytes, Bytes> samples[] = {
      {"PING\r\n*1\r\nx", "+PONG\r\n-ERR Protocol error: expected '$', got 'x'\r\n"},
      {"POST / HTTP/1.1\r\n", ""},
      {"PING\r\nHost: a\r\n", "+PONG\r\n"},
  };
  for (const auto& [bytes, replies] : samples) {
    const World world;
    Gates gates(world);
    WebSocketSession session(
        world.environment, [&] { return std::make_unique<RespSession>(world.environment, 7); }, gates.pause,
        gates.login, gates.meter);
    EXPECT_EQ(play(session, frames::binary_frame(bytes)).replies,
              (replies.empty() ? "" : binary_reply(replies)) +
                  frames::server_frame(8, "\x03\xF0"s + "the RESP session has failed"));
  }
  const World world;
  Gates gates(world);
  WebSocketSession session(
      world.environment, [&] { return std::make_unique<RespSession>(world.environment, 7); }, gates.pause,
      gates.login, gates.meter);
  EXPECT_EQ(frames::trailing_close_code(play(session, frames::binary_frame("QUIT\r\n")).replies), 1000U);
}

TEST(WebSocketSession, SaysWhatItHoldsOfAMessage) {
  Fixture fixture;
  const std::size_t held_at_rest = fixture.session.held_size();
  EXPECT_LE(held_at_rest, 100U);
  const std::string command(200'000, 'x');
  const std::string frame = frames::binary_frame(command);
  fixture.peer.send(Bytes(frame).substr(0, 100'000));
  EXPECT_GE(fixture.session.held_size(), 90'000U);
  fixture.peer.send(Bytes(frame).substr(100'000));
  EXPECT_GE(fixture.session.held_size(), 200'000U) << "a line of RESP without an end";
  EXPECT_EQ(fixture.exchange(frames::binary_frame("\n")), binary_reply("[" + command + "]"));
  EXPECT_EQ(fixture.session.held_size(), held_at_rest);
}

TEST(WebSocketSession, SaysThatTheServerGoesAway) {
  Fixture fixture;
  Output output;
  fixture.session.closing(output);
  EXPECT_EQ(output.pending(), frames::server_frame(8, "\x03\xE9"s + "the server closes this connection"));
  const World world;
  HttpSession http(world.environment, make_echo);
  Output nothing;
  http.closing(nothing);
  EXPECT_TRUE(nothing.empty()) << "HTTP has no such word";
}

TEST(WebSocketSession, EndsACommandOfRespThatNeverEnds) {
  Fixture fixture;
  fixture.world.limits.value_size_max = 1000;
  const std::string piece = frames::binary_frame(std::string(1 << 20, 'x'));
  for (int i = 0; i < 400 && !fixture.peer.played().closed; ++i) fixture.peer.send(piece);
  EXPECT_EQ(frames::trailing_close_code(fixture.peer.take_replies()), 1009U);
}

/// Consumes one byte a turn and adds up how much of its input was moved between two turns.
class MoveMeter final : public Session {
 public:
  explicit MoveMeter(std::size_t& moved_size) : moved_size_(moved_size) {}

  Progress advance(Bytes input, TimePoint /*now*/, Output& output) override {
    if (input.empty()) return {};
    if (input.data() != expected_) moved_size_ += input.size();
    expected_ = input.data() + 1;
    output.append('.');
    return {.consumed = 1, .wait = Wait::output};
  }

 private:
  std::size_t& moved_size_;
  const char* expected_ = nullptr;
};

TEST(WebSocketSession, MovesALongMessageThatTakesManyTurnsOnlyAFewTimes) {
  const World world;
  std::size_t moved_size = 0;
  Gates gates(world);
  WebSocketSession session(
      world.environment, [&] { return std::make_unique<MoveMeter>(moved_size); }, gates.pause, gates.login,
      gates.meter);
  const std::size_t size = 20'000;
  play(session, frames::binary_frame(std::string(size, 'x')));
  EXPECT_GE(moved_size, size);
  EXPECT_LE(moved_size, 3 * size) << "moving the rest in each turn is 10,000 times the size";
}

TEST(WebSocketSession, KeepsOfRespOneCommandThatIsNotWhole) {
  // As much as the RESP session takes is taken here; the next byte would be more than any command.
  Fixture fixture;
  fixture.world.limits.value_size_max = 1000;
  const auto limits = command_limits(fixture.world.limits);
  std::size_t left = limits.command_size_max + limits.inline_size_max;
  while (left > 0) {
    const std::size_t size = std::min(left, std::size_t{1} << 16);
    EXPECT_EQ(fixture.exchange(frames::binary_frame(std::string(size, 'x'))), "");
    left -= size;
  }
  EXPECT_EQ(frames::trailing_close_code(fixture.exchange(frames::binary_frame("x"))), 1009U);
}

TEST(WebSocketSession, StopsTakingRequestsWhileTheOutputIsFull) {
  World world;
  world.put("k", std::string(300'000, 'v'));
  HttpSession session(world.environment, make_echo);
  std::string input = upgrade;
  for (int i = 0; i < 50; ++i) input += frames::text_frame(R"({"id":1,"get":"k"})");
  std::string commands;
  for (int i = 0; i < 50; ++i) commands += "flood\n";
  input += frames::binary_frame(commands) + frames::text_frame(R"({"id":2,"get":"absent"})");
  std::size_t received = 0;
  std::string last;
  while (true) {
    Output output;
    const Progress progress = session.advance(input, world.now, output);
    input.erase(0, progress.consumed);
    EXPECT_LT(output.size(), Output::turn_size + 1'500'000);
    received += output.size();
    last = output.pending();
    if (progress.wait == Wait::input) break;
    ASSERT_EQ(progress.wait, Wait::output);
  }
  EXPECT_GT(received, 50U * 300'000U + 50U * 100'000U);
  EXPECT_TRUE(last.ends_with(text_reply(R"({"id":2,"value":null})")));
  EXPECT_EQ(input, "");
}

TEST(WebSocketSession, IsSilentForAsLongAsTheServerAllows) {
  const Fixture fixture;
  EXPECT_EQ(fixture.session.idle_timeout(), Duration{0});
}

TEST(WebSocketSession, TakesWhatArrivesInTheSameReadAsTheUpgrade) {
  const World world;
  HttpSession session(world.environment, make_echo);
  EXPECT_EQ(play(session, upgrade + frames::text_frame(R"({"id":1,"get":"k"})")).replies,
            upgraded + text_reply(R"({"id":1,"value":null})"));
}

// A command of RESP that takes several turns takes them here, too.
TEST(WebSocketSession, LetsOtherConnectionsHaveTheirTurnsWhileRespGoesOn) {
  World world;
  for (int i = 0; i < 20'000; ++i) world.put("key:" + std::to_string(i), "v");
  Gates gates(world);
  WebSocketSession session(
      world.environment, [&world] { return std::make_unique<RespSession>(world.environment, 7); },
      gates.pause, gates.login, gates.meter);
  std::string input =
      frames::binary_frame("KEYS *\r\nPING\r\n") + frames::text_frame(R"({"id":1,"get":"k"})");
  std::string replies;
  int turn_count = 1;
  for (;; ++turn_count) {
    Output output;
    const Progress progress = session.advance(input, world.now, output);
    input.erase(0, progress.consumed);
    replies.append(output.pending());
    if (progress.wait != Wait::output) break;
    EXPECT_FALSE(replies.contains("PONG"));
  }
  EXPECT_GT(turn_count, 50);
  EXPECT_LT(session.held_size(), 1'000U);
  EXPECT_TRUE(replies.contains("*20000\r\n"));
  EXPECT_TRUE(replies.contains("+PONG\r\n"));
  EXPECT_TRUE(replies.ends_with(text_reply(R"({"id":1,"value":null})")));
}

std::string with_login(const std::string& token) {
  std::string request = upgrade;
  request.insert(request.size() - 2, "Authorization: Bearer " + token + "\r\n");
  return request;
}

TEST(WebSocketSession, HoldsUsersToTheirRights) {
  World world;
  world.put("k", "v");
  world.put("app:k", "v");
  const User user{.name = "app",
                  .password = make_scrypt_hash("x", {.n = 2, .r = 1, .salt = "12345678"}),
                  .rights = read_right,
                  .prefixes = {"app:"}};
  User other = user;
  other.name = "other";
  world.service.accounts.users.set({user, other});
  HttpSession session(world.environment, [&] { return std::make_unique<RespSession>(world.environment, 7); });
  session.attach(std::make_shared<Noted>());
  Peer peer(session);
  const SystemClock clock;
  peer.send(with_login("app:x"));
  EXPECT_EQ(peer.take_replies(), "");
  EXPECT_TRUE(world.service.logins.run_due(clock));
  peer.send("");
  EXPECT_EQ(peer.take_replies(), upgraded);
  const std::string denied = R"({"id":1,"error":"This user may not do that."})";
  for (const auto& [message, reply] :
       {std::pair<std::string, std::string>{R"({"id":1,"get":"app:k"})", R"({"id":1,"value":"v"})"},
        {R"({"id":1,"get":"k"})", denied},
        {R"({"id":1,"set":"app:k","value":"w"})", denied},
        {R"({"id":1,"delete":"app:k"})", denied}}) {
    peer.send(frames::text_frame(message));
    EXPECT_EQ(peer.take_replies(), text_reply(reply)) << message;
  }
  // What binary messages carry logs in by itself, and the connection waits for that.
  peer.send(frames::binary_frame("AUTH other x\r\nGET app:k\r\n"));
  EXPECT_EQ(peer.take_replies(), "");
  EXPECT_TRUE(world.service.logins.run_due(clock));
  peer.send("");
  EXPECT_EQ(peer.take_replies(), binary_reply("+OK\r\n$1\r\nv\r\n"));
  world.service.accounts.users.set({});
  peer.send(frames::text_frame(R"({"id":1,"get":"app:k"})"));
  EXPECT_TRUE(peer.played().closed);
}

// Who was there before may go on. Its RESP session begins with its first binary message.
TEST(WebSocketSession, OpensForWhoLogsIn) {
  World world;
  world.put("k", "v");
  const auto make_resp = [&] { return std::make_unique<RespSession>(world.environment, 7); };
  HttpSession before(world.environment, make_resp);
  Peer old_peer(before);
  old_peer.send(upgrade);
  EXPECT_EQ(old_peer.take_replies(), upgraded);
  world.service.accounts.password.set("secret");

  HttpSession wrong(world.environment, make_resp);
  const Played refused = play(wrong, with_login("default:wrong"));
  EXPECT_TRUE(refused.replies.starts_with("HTTP/1.1 401 Unauthorized\r\n")) << refused.replies;
  EXPECT_TRUE(refused.closed);

  HttpSession after(world.environment, make_resp);
  Peer peer(after);
  peer.send(upgrade);
  EXPECT_EQ(peer.take_replies(), upgraded);
  for (const auto& [message, reply] :
       {std::pair<std::string, std::string>{
            R"({"id":1,"get":"k"})",
            R"({"id":1,"error":"Log in first: {\"id\":0,\"auth\":[\"USER\",\"PASSWORD\"]}."})"},
        {R"({"id":0,"auth":["default","wrong"]})",
         R"({"id":0,"error":"This is no user, or not his password."})"},
        {R"({"id":0,"auth":["default","secret"]})", R"({"id":0,"ok":true})"},
        {R"({"id":1,"get":"k"})", R"({"id":1,"value":"v"})"}}) {
    peer.send(frames::text_frame(message));
    EXPECT_EQ(peer.take_replies(), text_reply(reply)) << message;
  }
  EXPECT_FALSE(after.is_stranger());

  HttpSession stranger(world.environment, make_resp);
  const Played long_message = play(stranger, upgrade + frames::text_frame(std::string(16'385, ' ')));
  EXPECT_TRUE(long_message.closed);
  EXPECT_TRUE(long_message.replies.contains("the message is too large"));

  HttpSession logged_in(world.environment, make_resp);
  Peer new_peer(logged_in);
  new_peer.send(with_login("default:secret"));
  EXPECT_EQ(new_peer.take_replies(), upgraded);
  new_peer.send(frames::text_frame(R"({"id":1,"get":"k"})"));
  EXPECT_EQ(new_peer.take_replies(), text_reply(R"({"id":1,"value":"v"})"));

  old_peer.send(frames::text_frame(R"({"id":1,"get":"k"})"));
  EXPECT_EQ(old_peer.take_replies(), text_reply(R"({"id":1,"value":"v"})"));
  old_peer.send(frames::binary_frame("GET k\r\n"));
  EXPECT_EQ(old_peer.take_replies(), binary_reply("-NOAUTH Authentication required.\r\n"));
  old_peer.send(frames::binary_frame("AUTH secret\r\nGET k\r\n"));
  EXPECT_EQ(old_peer.take_replies(), binary_reply("+OK\r\n$1\r\nv\r\n"));

  HttpSession by_resp(world.environment, make_resp);
  Peer resp_peer(by_resp);
  resp_peer.send(upgrade);
  EXPECT_EQ(resp_peer.take_replies(), upgraded);
  EXPECT_TRUE(by_resp.is_stranger());
  resp_peer.send(frames::binary_frame("AUTH secret\r\n"));
  EXPECT_EQ(resp_peer.take_replies(), binary_reply("+OK\r\n"));
  EXPECT_FALSE(by_resp.is_stranger());
  resp_peer.send(
      frames::binary_frame("*2\r\n$6\r\nSTRLEN\r\n$20000\r\n" + std::string(20'000, 'k') + "\r\n"));
  EXPECT_FALSE(resp_peer.played().closed) << "he is no stranger any more";
}

}  // namespace
}  // namespace larder::session
