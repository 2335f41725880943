// What Redis tells of the inside of a value and of its memory, for those who ask. Larder stores all values in
// one way, and answers as a Redis with the same value would.
#include <cstdint>
#include <optional>
#include <span>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

// Shows the item of the second argument; a null is the answer where there is none.
template <class Tell>
void tell_of_item(RespCall& call, Tell tell) {
  const bool found = call.keys.peek(call.state.database, call.arguments[2], call.now, tell);
  if (!found) call.reply.null();
}

Bytes encoding_of(Bytes value) {
  constexpr std::size_t embedded_size_max = 44;
  if (parse_int64(value)) return "int";
  return value.size() <= embedded_size_max ? "embstr" : "raw";
}

}  // namespace

void handle_object_encoding(RespCall& call) {
  tell_of_item(call, [&call](const cache::ItemView& item) { call.reply.bulk(encoding_of(item.value)); });
}

// The error that Redis has for it under every policy but LFU.
void handle_object_freq(RespCall& call) {
  tell_of_item(call, [&call](const cache::ItemView&) {
    call.reply.error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when "
        "switching between policies at runtime LRU and LFU data will take some time to adjust.");
  });
}

// The cache keeps an order of use, no times of it.
void handle_object_idletime(RespCall& call) {
  tell_of_item(call, [&call](const cache::ItemView&) { call.reply.integer(0); });
}

void handle_object_refcount(RespCall& call) {
  tell_of_item(call, [&call](const cache::ItemView&) { call.reply.integer(1); });
}

// SAMPLES is for values of many parts: it is checked, and has nothing to do.
void handle_memory_usage(RespCall& call) {
  const auto words = call.arguments.subspan(3);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (!equals_ignoring_case(words[i], "samples") || i + 1 == words.size()) {
      return call.reply.error(syntax_error);
    }
    const auto count = parse_int64(words[i + 1]);
    if (!count) return call.reply.error(not_an_integer_error);
    if (*count < 0) return call.reply.error(syntax_error);
  }
  // About what the record of an item and its place in the index take.
  constexpr std::size_t overhead_size = 40;
  const std::size_t key_size = call.arguments[2].size();
  tell_of_item(call, [&](const cache::ItemView& item) {
    call.reply.integer(static_cast<std::int64_t>(key_size + item.value.size() + overhead_size));
  });
}

void handle_memory_stats(RespCall& call) {
  const cache::CacheStats stats = call.keys.stats();
  const auto write = [&call](Bytes name, std::uint64_t value) {
    call.reply.bulk(name);
    call.reply.integer(static_cast<std::int64_t>(value));
  };
  call.reply.map(4);
  write("total.allocated", stats.memory_used);
  write("keys.count", stats.items);
  write("keys.bytes-per-key", stats.items == 0 ? 0 : stats.memory_used / stats.items);
  write("larder.memory.limit", stats.memory_limit);
}

void handle_memory_doctor(RespCall& call) {
  call.reply.verbatim("txt",
                      "There is nothing to repair: the cache counts all its memory against its limit, and "
                      "makes room by itself.\n");
}

void handle_memory_malloc_stats(RespCall& call) {
  call.reply.bulk("Stats not supported for the current allocator");
}

// The cache gives memory back as it frees it, so far as it ever does.
void handle_memory_purge(RespCall& call) { call.reply.ok(); }

}  // namespace larder::session
