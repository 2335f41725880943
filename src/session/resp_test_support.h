// session/resp_test_support.h: connections that speak RESP, for tests.
#pragma once

#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "session/resp_session.h"
#include "session/session_test_support.h"

namespace larder::session::test {

/// A connection to a world.
struct Connection {
  explicit Connection(World& world, std::uint64_t id = 7)
      : session(world.environment, ConnectionFacts{.id = id,
                                                   .address = "127.0.0.1:" + std::to_string(50'000 + id),
                                                   .local_address = "127.0.0.1:6379",
                                                   .accepted_at = world.now}),
        peer(session) {}

  std::string ask(const std::string& line) {
    peer.send(line + "\r\n");
    return peer.take_replies();
  }

  RespSession session;
  Peer peer;
};

struct Turn {
  std::string command;
  std::string reply;
};

inline void expect_turns(const std::vector<Turn>& turns) {
  World world;
  Connection connection(world);
  for (const Turn& turn : turns) EXPECT_EQ(connection.ask(turn.command), turn.reply) << turn.command;
}

}  // namespace larder::session::test
