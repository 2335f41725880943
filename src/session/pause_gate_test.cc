// CLIENT PAUSE for who does not speak RESP. Method: the same turns in every dialect on a real cache: a read
// and a write while writes are paused, while everything is, and after the end; the key shows what was done.
#include "session/pause_gate.h"

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "protocol/websocket/test_frames.h"
#include "session/http_session.h"
#include "session/line_session.h"
#include "session/resp_session.h"
#include "session/session_test_support.h"

namespace larder::session {
namespace {

namespace frames = protocol::websocket::test;

struct Dialect {
  std::string name;
  std::function<std::unique_ptr<Session>(const World& world)> make;
  std::string hello;
  std::string read;
  std::string write;  // or what empties the key
  std::string other;  // is answered in any pause
  bool waits_with_reads = false;
};

std::unique_ptr<Session> make_http(const World& world) {
  const Environment& environment = world.environment;
  return std::make_unique<HttpSession>(
      environment, [&environment] { return std::make_unique<RespSession>(environment, 8); },
      ConnectionFacts{.id = 7});
}

std::unique_ptr<Session> make_line(const World& world) {
  return std::make_unique<LineSession>(world.environment, 7);
}

std::vector<Dialect> dialects() {
  const std::string upgrade =
      "GET /v1/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  const std::string host = " HTTP/1.1\r\nHost: h\r\n";
  const std::string get = "GET /v1/keys/k" + host + "\r\n";
  const std::string health = "GET /healthz" + host + "\r\n";
  const std::string text_get = frames::text_frame(R"({"id":1,"get":"k"})");
  const std::string wrong = frames::text_frame("{}");
  return {
      {"line set", make_line, "", "get k\n", "set k new\n", "nosuch\n"},
      {"line delete", make_line, "", "get k\n", "delete k\n", "nosuch\n"},
      {"line too long", make_line, "", "get k\n", "set k " + std::string(300, 'v'), "nosuch\n"},
      {"PUT", make_http, "", get, "PUT /v1/keys/k" + host + "Content-Length: 3\r\n\r\nnew", health},
      {"DELETE", make_http, "", get, "DELETE /v1/keys/k" + host + "\r\n", health},
      {"PUT too large", make_http, "", get, "PUT /v1/keys/k" + host + "Content-Length: 999\r\n\r\n", health},
      {"text set", make_http, upgrade, text_get, frames::text_frame(R"({"id":1,"set":"k","value":"new"})"),
       wrong},
      {"text delete", make_http, upgrade, text_get, frames::text_frame(R"({"id":1,"delete":"k"})"), wrong},
      {"binary", make_http, upgrade, frames::binary_frame("GET k\r\n"), frames::binary_frame("DEL k\r\n"),
       wrong, true}};
}

bool has_old_value(World& world) {
  bool is_old = false;
  world.cache->peek(0, "k", world.now, [&](const cache::ItemView& item) { is_old = item.value == "old"; });
  return is_old;
}

TEST(PauseGate, HoldsUpWhatReachesKeysInEveryDialect) {
  for (const Dialect& dialect : dialects()) {
    for (const Clients::Pause pause : {Clients::Pause::writes, Clients::Pause::all}) {
      for (const bool is_write : {false, true}) {
        World world;
        world.limits.line_size_max = 200;
        world.limits.value_size_max = 200;
        world.put("k", "old");
        const std::unique_ptr<Session> session = dialect.make(world);
        const auto remote = std::make_shared<Noted>();
        session->attach(remote);
        Peer peer(*session);
        peer.send(dialect.hello);
        peer.take_replies();
        world.service.clients.pause(pause, world.now + Duration{1000}, world.now);
        peer.send(dialect.other);
        EXPECT_NE(peer.take_replies(), "") << dialect.name;
        peer.send(is_write ? dialect.write : dialect.read);
        const bool waits = is_write || pause == Clients::Pause::all || dialect.waits_with_reads;
        EXPECT_EQ(peer.take_replies().empty(), waits) << dialect.name << " " << is_write;
        EXPECT_TRUE(has_old_value(world)) << dialect.name;
        peer.send("");
        EXPECT_EQ(peer.take_replies(), "") << dialect.name << ": it was woken too soon";
        world.service.clients.unpause();
        EXPECT_EQ(remote->wake_count, waits ? 1 : 0) << dialect.name;
        peer.send("");
        EXPECT_EQ(!peer.take_replies().empty(), waits) << dialect.name << " " << is_write;
        EXPECT_EQ(has_old_value(world), !is_write) << dialect.name;
      }
    }
  }
}

// Whom nobody can wake does not wait: it would wait for ever.
TEST(PauseGate, LetsThoseThroughThatNobodyWakes) {
  World world;
  LineSession session(world.environment);
  Peer peer(session);
  world.service.clients.pause(Clients::Pause::all, world.now + Duration{1000}, world.now);
  peer.send("set k v\n");
  EXPECT_EQ(peer.take_replies(), "END\r\n");
}

TEST(PauseGate, ForgetsAConnectionThatCloses) {
  World world;
  const auto remote = std::make_shared<Noted>();
  {
    LineSession session(world.environment, 7);
    session.attach(remote);
    Peer peer(session);
    world.service.clients.pause(Clients::Pause::all, world.now + Duration{1000}, world.now);
    peer.send("set k v\n");
    EXPECT_EQ(peer.take_replies(), "");
  }
  world.service.clients.unpause();
  EXPECT_EQ(remote->wake_count, 0);
}

}  // namespace
}  // namespace larder::session
