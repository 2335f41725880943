// session/resp_test_support.h: conversations over RESP: a command as one types it, and the reply to the byte.
#pragma once

#include <cstdint>
#include <gtest/gtest.h>
#include <initializer_list>
#include <string>
#include <vector>

#include "protocol/resp/command_encoder.h"
#include "protocol/resp/reply_decoder.h"
#include "session/resp_session.h"
#include "session/session_test_support.h"

namespace larder::session {

/// A connection to a world, with a worker of its own.
struct RespConnection {
  explicit RespConnection(World& world, std::uint64_t id = 7)
      : RespConnection(world, ConnectionFacts{.id = id,
                                              .address = "127.0.0.1:" + std::to_string(50'000 + id),
                                              .local_address = "127.0.0.1:6379",
                                              .accepted_at = world.now}) {}
  RespConnection(World& world, const ConnectionFacts& facts)
      : random(facts.id),
        foresight(*world.cache),
        environment(world.environment_of(random, foresight)),
        session(environment, facts),
        peer(session) {}

  std::string ask(const std::string& line) {
    peer.send(line + "\r\n");
    return peer.take_replies();
  }
  std::string ask_words(const std::vector<Bytes>& words) {
    std::string command;
    protocol::append_command(command, words);
    peer.send(command);
    return peer.take_replies();
  }

  SplitMix64 random;
  Foresight foresight;
  Environment environment;
  RespSession session;
  Peer peer;
};

/// What one connection is answered that sends this, in steps of `step` bytes; 0: all at once.
inline std::string talk(World& world, Bytes requests, std::size_t step = 0) {
  RespSession session(world.environment, 7);
  return play(session, requests, step).replies;
}

inline std::string command(std::initializer_list<Bytes> arguments) {
  std::string wire;
  protocol::append_command(wire, arguments);
  return wire;
}

struct RespTurn {
  std::string command;
  std::string reply;
};

/// One connection to a world of its own.
inline void expect_turns(const std::vector<RespTurn>& turns) {
  World world;
  RespConnection connection(world);
  for (const RespTurn& turn : turns) EXPECT_EQ(connection.ask(turn.command), turn.reply) << turn.command;
}

/// The one reply that `bytes` are.
inline protocol::Reply only_reply(Bytes bytes) {
  protocol::ReplyDecoder decoder;
  auto reply = decoder.next(bytes);
  EXPECT_TRUE(reply.has_value() && reply->has_value()) << bytes.substr(0, 100);
  EXPECT_EQ(decoder.consumed(), bytes.size());
  return reply.has_value() && reply->has_value() ? **std::move(reply) : protocol::Reply{};
}

inline const std::string ok = "+OK\r\n";
inline const std::string null = "$-1\r\n";
inline const std::string syntax = "-ERR syntax error\r\n";
inline const std::string not_an_integer = "-ERR value is not an integer or out of range\r\n";

}  // namespace larder::session
