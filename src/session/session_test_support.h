// session/session_test_support.h: what tests of any dialect need: a world to live in, and a transport that
// moves bytes without a socket.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/output.h"
#include "base/random.h"
#include "cache/factory.h"
#include "session/session.h"

namespace larder::session {

/// A real cache and everything else that an Environment refers to. Tests set `limits` and `now` as they like.
struct World {
  explicit World(std::size_t memory_size_max = std::size_t{64} << 20, Bytes backend = "lru",
                 std::size_t shard_count = 1)
      : cache(std::move(cache::make_cache(backend, {.memory_size_max = memory_size_max,
                                                    .shard_count = shard_count,
                                                    .secret = hash_secret_from_seed(1)})
                            .value())) {
    facts.version = "0.1.0";
    facts.backend = backend;
    facts.event_loop = "epoll";
    facts.resp_port = 6379;
    facts.started_at = now - std::chrono::seconds{90};
    facts.connection_count_max = 10000;
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void put(Bytes key, Bytes value, cache::Database database = 0) {
    LARDER_ASSERT(cache->set(database, key, value, cache::Expiry::none(), cache::Condition::always(), now) ==
                  cache::StoreOutcome::stored);
  }

  insight::Counters counters;  // first: it begins a cache line
  CommandStats command_stats;
  TimePoint now{std::chrono::milliseconds{1'700'000'000'000}};
  std::unique_ptr<cache::Cache> cache;
  Foresight foresight{*cache};
  Limits limits;
  ServerFacts facts;
  std::vector<std::string> allowed_origins;
  Service service;
  SplitMix64 random{1};
  Environment environment = environment_of(random, foresight);

  /// What a worker has of its own; threads have one each.
  [[nodiscard]] Environment environment_of(SplitMix64& own_random, Foresight& own_foresight) {
    return {.cache = *cache,
            .counters = counters,
            .all_counters = std::span(&counters, 1),
            .command_stats = command_stats,
            .all_command_stats = std::span(&command_stats, 1),
            .limits = limits,
            .facts = facts,
            .allowed_origins = allowed_origins,
            .service = service,
            .random = own_random,
            .foresight = own_foresight};
  }
};

/// A connection that can be reached, and notes what others ask of it.
struct Noted final : Remote {
  void wake() override { ++wake_count; }
  void close() override { ++close_count; }
  std::atomic<int> wake_count = 0;
  std::atomic<int> close_count = 0;
};

/// What a conversation came to.
struct Played {
  std::string replies;
  bool closed = false;
  std::size_t buffer_size_max = 0;  // the most that was kept for the session at one time
};

/// The transport's half of a connection: keeps what was not consumed, and drains the output.
class Peer final {
 public:
  explicit Peer(Session& session, TimePoint now = TimePoint{std::chrono::milliseconds{1'700'000'000'000}})
      : session_(session), now_(now) {}

  void send(Bytes bytes) {
    if (played_.closed) return;
    input_.append(bytes);
    played_.buffer_size_max = std::max(played_.buffer_size_max, input_.size());
    while (true) {
      Output output;
      const Progress progress = session_.advance(input_, now_, output);
      LARDER_ASSERT(progress.consumed <= input_.size());
      input_.erase(0, progress.consumed);
      played_.replies.append(output.text());
      if (progress.wait == Wait::output) continue;
      played_.closed = progress.wait == Wait::close;
      return;
    }
  }

  void set_now(TimePoint now) { now_ = now; }
  [[nodiscard]] const Played& played() const { return played_; }
  /// What came since the last call.
  std::string take_replies() { return std::exchange(played_.replies, {}); }

 private:
  Session& session_;
  TimePoint now_;
  std::string input_;
  Played played_;
};

/// Sends `requests` in steps of `step` bytes; 0: all at once.
inline Played play(Session& session, Bytes requests, std::size_t step = 0) {
  Peer peer(session);
  if (step == 0) step = std::max<std::size_t>(requests.size(), 1);
  for (std::size_t offset = 0; offset < requests.size(); offset += step) {
    peer.send(requests.substr(offset, step));
  }
  return peer.played();
}

/// Sends `requests` in two pieces.
inline Played play_cut(Session& session, Bytes requests, std::size_t cut) {
  Peer peer(session);
  peer.send(requests.substr(0, cut));
  peer.send(requests.substr(cut));
  return peer.played();
}

}  // namespace larder::session
