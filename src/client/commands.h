// client/commands.h: the commands that the library knows, as RESP, and what their replies mean.
//
//   kind      command                    answer
//   get       GET key                    bulk: the value; null: absent
//   get_many  MGET key ...               array of as many
//   set       SET key value [PX ms]      +OK
//   remove    DEL key                    :1 or :0
//   exists    EXISTS key                 :1 or :0
//   ping      PING                       +PONG
//   auth      AUTH [user] password       +OK
//
// Any of them may be answered with an error instead. Anything else is no answer to that command: the two
// sides have lost each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "larder/client.h"
#include "protocol/resp/reply.h"

namespace larder::client {

enum class CommandKind : std::uint8_t { get, get_many, set, remove, exists, ping, auth };

/// True: to send it twice is as good as once.
[[nodiscard]] constexpr bool only_reads(CommandKind kind) {
  return kind != CommandKind::set && kind != CommandKind::remove;
}

void append_get(std::string& target, Bytes key);
void append_get_many(std::string& target, std::span<const Bytes> keys);
void append_set(std::string& target, Bytes key, Bytes value, std::optional<Duration> ttl);
void append_remove(std::string& target, Bytes key);
void append_exists(std::string& target, Bytes key);
void append_ping(std::string& target);
void append_auth(std::string& target, Bytes user, Bytes password);  // an empty user: the default one

/// What `reply` says to a command of `kind`, any but get_many; takes the value out of it. Errors: refused,
/// denied and overloaded (the server's own error), malformed (no answer to this command).
[[nodiscard]] Result<Answer> read_answer(CommandKind kind, protocol::Reply& reply);

/// The same for get_many of `key_count` keys.
[[nodiscard]] Result<std::vector<std::optional<std::string>>> read_values(std::size_t key_count,
                                                                          protocol::Reply& reply);

}  // namespace larder::client
