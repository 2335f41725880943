// What Redis tells of the inside of a value and of its memory, for those who ask. Larder stores all values in
// one way, and answers as a Redis with the same value would.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/server_stats.h"

namespace larder::session {
namespace {

// Shows the item of the second argument; a null is the answer where there is none.
template <class Tell>
void tell_of_item(RespCall& call, Tell tell) {
  const bool found = call.keys.peek(call.state.database, call.arguments[2], call.now, tell);
  if (!found) call.reply.null();
}

}  // namespace

Bytes encoding_of(Bytes value) {
  constexpr std::size_t embedded_size_max = 44;
  if (parse_int64(value)) return "int";
  return value.size() <= embedded_size_max ? "embstr" : "raw";
}

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

// The fields of Redis that this server knows, in its order, and one of its own. An item's share of the index
// counts as data, as in INFO; no figures are kept of single databases.
void handle_memory_stats(RespCall& call) {
  const ServerStats stats = gather_stats(call.keys, call.environment, call.now);
  const std::uint64_t used = stats.cache.memory_used;
  const std::uint64_t empty = std::min(used, stats.facts->memory_used_at_start);
  std::optional<ProcessUse> process;
  if (call.environment.service.process_use != nullptr) process = call.environment.service.process_use();
  const auto size = [&call](Bytes name, std::uint64_t value) {
    call.reply.bulk(name);
    call.reply.integer(static_cast<std::int64_t>(value));
  };
  const auto share = [&call](Bytes name, std::uint64_t part, std::uint64_t whole, int unit) {
    call.reply.bulk(name);
    const double value = whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
    call.reply.number(value * unit);
  };
  constexpr std::size_t field_count = 17;
  call.reply.map(process ? field_count + 2 : field_count);
  size("peak.allocated", stats.memory_used_peak);
  size("total.allocated", used);
  size("startup.allocated", stats.facts->memory_used_at_start);
  for (const Bytes name : {"replication.backlog", "clients.slaves"}) size(name, 0);
  size("clients.normal", stats.counters.connection_buffer_size);
  for (const Bytes name : {"cluster.links", "aof.buffer", "lua.caches", "functions.caches"}) size(name, 0);
  size("overhead.total", empty);
  size("keys.count", stats.cache.items);
  size("keys.bytes-per-key", stats.cache.items == 0 ? 0 : (used - empty) / stats.cache.items);
  size("dataset.bytes", used - empty);
  share("dataset.percentage", used - empty, used - empty, 100);
  share("peak.percentage", used, stats.memory_used_peak, 100);
  if (process) {
    share("fragmentation", process->resident_size, used, 1);
    call.reply.bulk("fragmentation.bytes");
    call.reply.integer(static_cast<std::int64_t>(process->resident_size) - static_cast<std::int64_t>(used));
  }
  size("larder.memory.limit", stats.cache.memory_limit);
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
