#include "client/commands.h"

#include <array>
#include <utility>

#include "base/assert.h"
#include "base/numbers.h"
#include "protocol/resp/command_encoder.h"

namespace larder::client {
namespace {

using protocol::Reply;

std::unexpected<Error> no_answer() {
  return failure(ErrorKind::malformed, "the server's reply is no answer to the command");
}

/// The error that the server answered, as an Error. The first word is a code; some codes, and the one text
/// that has none of its own, say that the same command may succeed later.
std::unexpected<Error> servers_error(const Reply& reply) {
  constexpr std::array<Bytes, 5> passing_codes = {"OOM", "LOADING", "BUSY", "TRYAGAIN", "MISCONF"};
  const Bytes code = Bytes(reply.text).substr(0, reply.text.find(' '));
  for (const Bytes passing : passing_codes)
    if (code == passing) return failure(ErrorKind::overloaded, reply.text);
  if (reply.text == "ERR max number of clients reached") return failure(ErrorKind::overloaded, reply.text);
  if (code == "NOAUTH" || code == "WRONGPASS") return failure(ErrorKind::denied, reply.text);
  return failure(ErrorKind::refused, reply.text);
}

}  // namespace

void append_get(std::string& target, Bytes key) { protocol::append_command(target, {"GET", key}); }

void append_get_many(std::string& target, std::span<const Bytes> keys) {
  protocol::begin_command(target, keys.size() + 1);
  protocol::append_argument(target, "MGET");
  for (const Bytes key : keys) protocol::append_argument(target, key);
}

void append_set(std::string& target, Bytes key, Bytes value, std::optional<Duration> ttl) {
  if (!ttl) return protocol::append_command(target, {"SET", key, value});
  const IntegerText ttl_ms(std::int64_t{ttl->count()});
  protocol::append_command(target, {"SET", key, value, "PX", ttl_ms.bytes()});
}

void append_remove(std::string& target, Bytes key) { protocol::append_command(target, {"DEL", key}); }

void append_exists(std::string& target, Bytes key) { protocol::append_command(target, {"EXISTS", key}); }

void append_ping(std::string& target) { protocol::append_command(target, {"PING"}); }

void append_auth(std::string& target, Bytes user, Bytes password) {
  if (user.empty()) return protocol::append_command(target, {"AUTH", password});
  protocol::append_command(target, {"AUTH", user, password});
}

Result<Answer> read_answer(CommandKind kind, Reply& reply) {
  if (reply.is_error()) return servers_error(reply);
  switch (kind) {
    case CommandKind::get:
      if (reply.is_null()) return Answer{};
      if (reply.kind == Reply::Kind::bulk) return Answer{.value = std::move(reply.text), .found = true};
      break;
    case CommandKind::set:
    case CommandKind::auth:
      if (reply.kind == Reply::Kind::simple_string && reply.text == "OK") return Answer{};
      break;
    case CommandKind::remove:
    case CommandKind::exists:
      if (reply.kind == Reply::Kind::integer && (reply.integer == 0 || reply.integer == 1))
        return Answer{.value = std::nullopt, .found = reply.integer == 1};
      break;
    case CommandKind::ping:
      if (reply.kind == Reply::Kind::simple_string && reply.text == "PONG") return Answer{};
      break;
    case CommandKind::get_many:
      LARDER_ASSERT(kind != CommandKind::get_many);
  }
  return no_answer();
}

Result<std::vector<std::optional<std::string>>> read_values(std::size_t key_count, Reply& reply) {
  if (reply.is_error()) return servers_error(reply);
  if (reply.kind != Reply::Kind::array || reply.elements.size() != key_count) return no_answer();
  std::vector<std::optional<std::string>> values;
  values.reserve(key_count);
  for (Reply& element : reply.elements) {
    if (element.is_null()) {
      values.emplace_back();
    } else if (element.kind == Reply::Kind::bulk) {
      values.emplace_back(std::move(element.text));
    } else {
      return no_answer();
    }
  }
  return values;
}

}  // namespace larder::client
