#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>

#include "base/ascii.h"
#include "base/glob.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

constexpr double sleep_s_max = 3600;
constexpr std::size_t match_size_max = std::size_t{16} << 10;

// DEBUG PROTOCOL: one reply of each type.
struct Shape {
  Bytes name;
  void (*write)(protocol::ReplyEncoder& reply);
};

constexpr std::array shapes{
    Shape{"string", [](protocol::ReplyEncoder& reply) { reply.bulk("Hello World"); }},
    Shape{"integer", [](protocol::ReplyEncoder& reply) { reply.integer(12345); }},
    Shape{"double", [](protocol::ReplyEncoder& reply) { reply.number(3.141); }},
    Shape{"bignum",
          [](protocol::ReplyEncoder& reply) { reply.big_number("1234567999999999999999999999999999999"); }},
    Shape{"null", [](protocol::ReplyEncoder& reply) { reply.null(); }},
    Shape{"array",
          [](protocol::ReplyEncoder& reply) {
            reply.array(3);
            for (int i = 0; i < 3; ++i) reply.integer(i);
          }},
    Shape{"set",
          [](protocol::ReplyEncoder& reply) {
            reply.set(3);
            for (int i = 0; i < 3; ++i) reply.integer(i);
          }},
    Shape{"map",
          [](protocol::ReplyEncoder& reply) {
            reply.map(3);
            for (int i = 0; i < 3; ++i) {
              reply.integer(i);
              reply.boolean(i == 1);
            }
          }},
    Shape{"verbatim",
          [](protocol::ReplyEncoder& reply) { reply.verbatim("txt", "This is a verbatim\nstring"); }},
    Shape{"true", [](protocol::ReplyEncoder& reply) { reply.boolean(true); }},
    Shape{"false", [](protocol::ReplyEncoder& reply) { reply.boolean(false); }},
};

void debug_protocol(RespCall& call) {
  const Bytes name = call.arguments[2];
  const auto shape = std::ranges::find_if(
      shapes, [&](const Shape& known) { return equals_ignoring_case(known.name, name); });
  if (shape != shapes.end()) return shape->write(call.reply);
  const bool is_resp3 = call.state.version == protocol::RespVersion::resp3;
  if (equals_ignoring_case(name, "attrib")) {
    if (is_resp3) {
      call.output.append("|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n");
    }
    return call.reply.bulk("Some real reply following the attribute");
  }
  if (equals_ignoring_case(name, "push")) {
    if (!is_resp3) return call.reply.error("ERR RESP2 is not supported by this command");
    call.reply.push(2);
    call.reply.bulk("server-cpu-usage");
    call.reply.integer(42);
    return call.reply.bulk("Some real reply following the push reply");
  }
  call.reply.error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

// Only this connection sleeps; inside a transaction, which holds locks, nobody does.
void debug_sleep(RespCall& call) {
  double seconds = 0;
  const Bytes text = call.arguments[2];
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (!(seconds > 0)) return call.reply.ok();
  if (call.is_in_transaction || !call.state.client->can_be_woken()) return call.reply.ok();
  call.state.sleeps_until =
      call.now + Duration{static_cast<std::int64_t>(std::ceil(std::min(seconds, sleep_s_max) * 1000))};
}

// As in Redis, what is no number means 0.
void debug_set_active_expire(RespCall& call) {
  int number = 0;
  const Bytes text = call.arguments[2];
  std::from_chars(text.data(), text.data() + text.size(), number);
  call.environment.service.settings.sweeps.store(number != 0, std::memory_order_relaxed);
  call.reply.ok();
}

// What Redis tells of an object's place, with figures of here where there are any.
void debug_object(RespCall& call) {
  const auto tell = [&](const cache::ItemView& item) {
    call.reply.simple_string("Value at:0 refcount:1 encoding:" + std::string(encoding_of(item.value)) +
                             " serializedlength:" + std::to_string(item.value.size()) +
                             " lru:0 lru_seconds_idle:0");
  };
  const bool found = call.keys.peek(call.state.database, call.arguments[2], call.now, tell);
  if (!found) call.reply.error("ERR no such key");
}

// To the server's log, where people look who run it: at most a line a second, whatever clients do.
void debug_log(RespCall& call) {
  constexpr std::size_t shown_size_max = 512;
  Service& service = call.environment.service;
  std::uint64_t left_out = 0;
  if (service.control != nullptr && service.may_log(call.now, left_out)) {
    std::string line = "DEBUG LOG: " + quotable(call.arguments[2], shown_size_max);
    if (left_out > 0) line += " (" + std::to_string(left_out) + " more were left out before)";
    service.control->log(line);
  }
  call.reply.ok();
}

void debug_help(RespCall& call) {
  static constexpr Bytes lines[] = {
      "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "LOG <message>",
      "    Write a message to the server's log. One a second is written.",
      "OBJECT <key>",
      "    Show what is known of a key's value.",
      "PROTOCOL <type>",
      "    Reply with a sample of that type of reply.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Whether expired items are freed that nobody asks for. No command finds them in any case.",
      "SLEEP <seconds>",
      "    Reply after that time. Only this connection waits.",
      "STRINGMATCH-LEN <pattern> <text>",
      "    Whether a pattern of KEYS fits a text.",
      "HELP",
      "    Print this help.",
  };
  call.reply.array(std::size(lines));
  for (const Bytes line : lines) call.reply.simple_string(line);
}

struct Action {
  Bytes name;
  std::size_t argument_count;  // with DEBUG and the name
  void (*run)(RespCall& call);
};

constexpr std::array actions{
    Action{"sleep", 3, debug_sleep},       Action{"set-active-expire", 3, debug_set_active_expire},
    Action{"protocol", 3, debug_protocol}, Action{"object", 3, debug_object},
    Action{"log", 3, debug_log},
};

}  // namespace

void handle_debug(RespCall& call) {
  const Bytes name = call.arguments[1];
  if (equals_ignoring_case(name, "help") && call.arguments.size() == 2) return debug_help(call);
  if (equals_ignoring_case(name, "stringmatch-len") && call.arguments.size() == 4) {
    const Bytes pattern = call.arguments[2];
    const Bytes text = call.arguments[3];
    if (text.size() > match_size_max || pattern.size() > match_size_max) {
      return call.reply.error("ERR pattern and text are too long");
    }
    return call.reply.integer(Glob(pattern, text.size()).matches(text) ? 1 : 0);
  }
  const auto action = std::ranges::find_if(actions, [&](const Action& known) {
    return equals_ignoring_case(known.name, name) && known.argument_count == call.arguments.size();
  });
  if (action == actions.end()) {
    return call.reply.error("ERR unknown subcommand or wrong number of arguments for '" + quotable(name) +
                            "'. Try DEBUG HELP.");
  }
  action->run(call);
}

}  // namespace larder::session
