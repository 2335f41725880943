// Property: any bytes, in any cut, get the same well-formed replies, one for each command, and the cache
// keeps its bound.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/assert.h"
#include "protocol/resp/reply_decoder.h"
#include "session/line_session.h"
#include "session/resp_session.h"
#include "session/session_test_support.h"

namespace {

using larder::Bytes;
using larder::protocol::Reply;
using larder::protocol::ReplyDecoder;
using namespace larder::session;

struct Outcome {
  Played played;
  std::uint64_t answered = 0;  // replies that are owed
};

/// A cache, and values of which size it takes.
struct Setting {
  Bytes backend;
  std::size_t memory_size_max;
  std::size_t value_size_max;
};
// In the one, a few bytes are too many; in the other, SETRANGE makes values that are lent, and that commands
// work on over several turns.
constexpr Setting narrow{.backend = "lru", .memory_size_max = std::size_t{1} << 20, .value_size_max = 64};
constexpr Setting wide{
    .backend = "segment", .memory_size_max = std::size_t{8} << 20, .value_size_max = std::size_t{2} << 20};

template <class MakeSession>
Outcome converse(const Setting& setting, Bytes bytes, std::size_t step, MakeSession make_session) {
  World world(setting.memory_size_max, setting.backend);
  world.limits.key_size_max = 32;
  world.limits.value_size_max = setting.value_size_max;
  world.limits.line_size_max = 128;
  auto session = make_session(world);
  Outcome outcome{.played = play(session, bytes, step)};
  // A command gets one reply, whatever is wrong with it, and so does what the codec refused. HTTP gets none.
  outcome.answered = world.counters.commands.value();
  const auto stats = world.cache->stats();
  LARDER_ASSERT(stats.memory_used <= stats.memory_limit_in_force);
  return outcome;
}

// MEMORY STATS, alone or in the reply to an EXEC.
void forget_memory_stats(Reply& reply) {  // NOLINT(misc-no-recursion): as deep as replies are
  if (!reply.elements.empty() && reply.elements.front().text == "total.allocated") reply.elements.clear();
  for (Reply& element : reply.elements) forget_memory_stats(element);
}

// The replies as values; asserts that they are whole and well formed. What INFO says of memory depends on
// where the allocator found it, so that text stands for itself; and so it is with MEMORY STATS.
std::vector<Reply> decode(Bytes replies) {
  std::vector<Reply> decoded;
  ReplyDecoder decoder;
  while (!replies.empty()) {
    auto reply = decoder.next(replies).value();
    LARDER_ASSERT(reply.has_value());
    replies.remove_prefix(decoder.consumed());
    decoded.push_back(std::move(reply).value_or(Reply{}));
    Reply& last = decoded.back();
    if (last.text.contains("used_memory:")) last.text = "info";
    forget_memory_stats(last);
  }
  return decoded;
}

// What has another number of replies than one by its meaning: CLIENT REPLY silences, MONITOR adds lines when
// it is called next, a sample of a push or an attribute stands beside its reply, SHUTDOWN has none, and
// UNSUBSCRIBE one for each channel.
bool has_other_replies(Bytes bytes) {
  const std::string lower = larder::to_lower(bytes);
  for (const char* word : {"reply", "monitor", "push", "attrib", "shutdown", "unsubscribe"}) {
    if (lower.contains(word)) return true;
  }
  return false;
}

void fuzz_resp(const Setting& setting, Bytes bytes) {
  const auto make = [](const World& world) { return RespSession(world.environment, 7); };
  const Outcome whole = converse(setting, bytes, 0, make);
  const Outcome bytewise = converse(setting, bytes, 1, make);
  const auto replies = decode(whole.played.replies);
  const auto same = decode(bytewise.played.replies);
  if (has_other_replies(bytes)) return;
  LARDER_ASSERT(replies == same);
  LARDER_ASSERT(whole.played.closed == bytewise.played.closed);
  LARDER_ASSERT(whole.answered == bytewise.answered);
  LARDER_ASSERT(replies.size() == whole.answered);
}

void fuzz_line(Bytes bytes) {
  const auto make = [](const World& world) { return LineSession(world.environment); };
  const Outcome whole = converse(narrow, bytes, 0, make);
  const Outcome bytewise = converse(narrow, bytes, 1, make);
  LARDER_ASSERT(whole.played.replies == bytewise.played.replies);
  LARDER_ASSERT(whole.played.closed == bytewise.played.closed);
  LARDER_ASSERT(whole.played.replies.empty() || whole.played.replies.ends_with("\r\n"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  fuzz_resp(narrow, bytes);
  fuzz_resp(wide, bytes);
  fuzz_line(bytes);
  return 0;
}
