// Many threads, one cache, no lies. Method: every value carries its key and a version. Each key has one
// writer, which raises the version; a reader that has seen version n may find the key absent later, but never
// an older version, another key's value or a torn one. Meanwhile other calls run across all shards. Run under
// ThreadSanitizer this also shows that every access is under a lock.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "cache/backend.h"
#include "cache/factory.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

constexpr int key_count = 400;
constexpr int writer_count = 2;

std::string key_of(int index) { return "key" + std::to_string(index); }

// "key17 0042 xxxx...x key17": a torn copy has two ends that do not belong together.
std::string value_of_version(int index, int version) {
  const std::string text = key_of(index) + " " + std::to_string(version) + " ";
  const auto size = static_cast<std::size_t>((index * 37 + version * 101) % 3000);
  return text + std::string(size, static_cast<char>('a' + version % 26)) + " " + text;
}

// The version in a value, -1 if the value is not one that was ever stored under the key.
int version_in(int index, Bytes value) {
  const std::string start = key_of(index) + " ";
  if (!value.starts_with(start)) return -1;
  const int version = std::atoi(std::string(value.substr(start.size(), 12)).c_str());
  return value == value_of_version(index, version) ? version : -1;
}

class Stress : public testing::TestWithParam<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(Backends, Stress, testing::ValuesIn(backend_names().begin(), backend_names().end()),
                         [](const auto& given) { return std::string(given.param); });

TEST_P(Stress, ThreadsNeverSeeAnOldATornOrAnotherKeysValue) {
  constexpr int round_count = LARDER_TEST_SANITIZED ? 20 : 60;
  const auto cache = make(GetParam(), options(512 * kib, 350, 8));
  std::atomic<int> lie_count{0};
  std::atomic<int> hit_count{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  std::vector<std::thread> others;
  writers.reserve(writer_count);

  for (int w = 0; w < writer_count; ++w) {
    writers.emplace_back([&, w] {
      for (int version = 1; version <= round_count; ++version) {
        for (int index = w; index < key_count; index += writer_count) {
          const std::string key = key_of(index);
          const TimePoint now = at(version * std::int64_t{10});
          if (version % 5 == 0) {
            cache->update(0, key, now, [&, value = value_of_version(index, version)](const ItemView*) {
              return Change::store(value, Expiry::at(at(version * 10 + 25)));
            });
          } else {
            cache->set(0, key, value_of_version(index, version), Expiry::none(), Condition::always(), now);
          }
          // The writer knows the latest version.
          const auto seen = value_of(*cache, key, now);
          if (seen.has_value() && version_in(index, *seen) != version) ++lie_count;
          if (index % 50 == 0) cache->remove(0, key, Condition::always(), now);
        }
      }
    });
  }
  others.emplace_back([&] {
    std::array<int, key_count> latest{};
    const auto check = [&](int index, Bytes value) {
      const int version = version_in(index, value);
      if (version < latest.at(static_cast<std::size_t>(index))) ++lie_count;
      latest.at(static_cast<std::size_t>(index)) = version;
      ++hit_count;
    };
    while (!done) {
      for (int index = 0; index < key_count; index += 2) {
        cache->get(0, key_of(index), at(0), [&](const ItemView& item) { check(index, item.value); });
        const std::string key = key_of(index);
        const std::string next_key = key_of(index + 1);
        const std::array<Bytes, 2> keys = {key, next_key};
        cache->with_keys(keys, [&](KeyedCalls& locked) {
          locked.get(0, next_key, at(0), [&](const ItemView& item) { check(index + 1, item.value); });
          locked.set(5, key, "x", Expiry::none(), Condition::always(), at(0));
          locked.remove(5, key, Condition::always(), at(0));
        });
      }
    }
  });
  others.emplace_back([&] {
    while (!done) {
      Cursor cursor = 0;
      do {
        cursor = cache->scan(0, cursor, 50, at(0), [&](Bytes key, const ItemView& item) {
          const int index = std::atoi(std::string(key.substr(3)).c_str());
          if (version_in(index, item.value) < 0) ++lie_count;
        });
      } while (cursor != 0);
      cache->sweep(at(round_count * std::int64_t{10}), 1000);
      cache->swap_databases(3, 4, at(0));
      cache->clear(9);
      const CacheStats stats = cache->stats();
      if (stats.memory_used > 512 * kib || stats.items > 350) ++lie_count;
    }
  });
  for (std::thread& writer : writers) writer.join();
  done = true;
  for (std::thread& other : others) other.join();
  EXPECT_EQ(lie_count, 0);
  EXPECT_GT(hit_count, 0);
  EXPECT_GT(cache->stats().evictions, 0U);
}

// ---- Values of all sizes, one shard far hotter than the others; databases are cleared and the memory limit
// moves meanwhile

constexpr int sized_key_count = 150;

// Every seventh is large: 20 to 60 KiB.
std::string sized_value(int index, int version) {
  std::string text = value_of_version(index, version);
  if (index % 7 == 0)
    text = text.insert(text.size() / 2, 20'000 + static_cast<std::size_t>(version % 40) * 1000, 'L');
  return text;
}
int sized_version_in(int index, Bytes value) {
  const std::string start = key_of(index) + " ";
  if (!value.starts_with(start)) return -1;
  const int version = std::atoi(std::string(value.substr(start.size(), 12)).c_str());
  return value == sized_value(index, version) ? version : -1;
}

// What one thread has seen of each counter.
class Latest final {
 public:
  [[nodiscard]] bool holds(int index, Bytes value) {
    const int version = sized_version_in(index, value);
    int& latest = latest_.at(static_cast<std::size_t>(index));
    if (version < latest || version < 1) return false;
    latest = version;
    return true;
  }

 private:
  std::array<int, sized_key_count> latest_{};
};

TEST_P(Stress, CountersNeverGoBackWhileOneShardTakesOverTheOthersMemory) {
  constexpr int round_count = LARDER_TEST_SANITIZED ? 12 : 100;
  constexpr std::size_t limit = 2 * mib;
  const CacheOptions limits = options(limit, 0, 8);
  const auto cache = make(GetParam(), limits);
  const Hasher hasher(limits.secret);
  std::vector<std::string> keys;
  keys.reserve(sized_key_count);
  for (int index = 0; index < sized_key_count; ++index) keys.push_back(key_of(index));
  std::atomic<int> lie_count{0};
  std::atomic<int> hit_count{0};
  std::atomic<bool> done{false};
  const auto check = [&](Latest& latest, int index, Bytes value) {
    if (!latest.holds(index, value)) ++lie_count;
    ++hit_count;
  };

  std::thread counter([&] {
    Latest latest;
    for (int version = 1; version <= round_count; ++version) {
      for (int index = 0; index < sized_key_count; ++index) {
        const std::string& key = keys.at(static_cast<std::size_t>(index));
        const Expiry expiry = version % 3 == 0 ? Expiry::at(at(version + 4)) : Expiry::none();
        const std::string value = sized_value(index, version);
        if (index % 5 == 0) {
          const std::array<Bytes, 2> both = {key, keys.at(static_cast<std::size_t>(index / 5))};
          cache->with_keys(both, [&](KeyedCalls& locked) {
            locked.get(0, both[1], at(version),
                       [&](const ItemView& item) { check(latest, index / 5, item.value); });
            locked.set(0, key, value, expiry, Condition::always(), at(version));
            locked.get(0, key, at(version), [&](const ItemView& item) {
              if (item.value != value) ++lie_count;
            });
          });
        } else {
          cache->set(0, key, value, expiry, Condition::always(), at(version));
        }
        cache->get(0, key, at(version), [&](const ItemView& item) { check(latest, index, item.value); });
      }
    }
  });
  std::thread reader([&] {
    Latest latest;
    std::array<Bytes, 16> batch;
    for (int first = 0; !done; first = (first + 11) % (sized_key_count - 16)) {
      for (std::size_t i = 0; i < batch.size(); ++i)
        batch.at(i) = keys.at(static_cast<std::size_t>(first) + i);
      cache->get_many(0, batch, at(0), [&](std::size_t i, const ItemView* item) {
        if (item != nullptr) check(latest, first + static_cast<int>(i), item->value);
      });
    }
  });
  // All to one shard, whose memory soon is what the others have not used lately.
  std::thread hot([&] {
    for (int i = 0; !done; ++i) {
      const std::string key = "hot" + std::to_string(i % 5000);
      if (hasher(key) >> 61 == 3)
        cache->set(1, key, key + std::string(500, 'h'), Expiry::none(), Condition::always(), at(0));
    }
  });
  std::thread sweeper([&] {
    for (int i = 0; !done; ++i) {
      cache->sweep(at(i % round_count), 500);
      if (i % 200 == 0) cache->clear(static_cast<Database>(i / 200 % 2));
      if (i % 100 == 0) cache->set_memory_limit(i % 200 == 0 ? limit / 2 : limit);
      cache->scan(1, 0, 20, at(0), [&](Bytes key, const ItemView& item) {
        if (item.value != std::string(key) + std::string(500, 'h')) ++lie_count;
      });
      const CacheStats stats = cache->stats();
      if (stats.memory_used > stats.memory_limit_in_force || stats.memory_limit_in_force > limit) ++lie_count;
    }
  });
  counter.join();
  done = true;
  for (std::thread* const thread : {&reader, &hot, &sweeper}) thread->join();
  EXPECT_EQ(lie_count, 0);
  EXPECT_GT(hit_count, 0);
}

// What one thread frees, another may see as room that the kernel refuses.
TEST_P(Stress, LargeStoresFromManyThreadsFindRoom) {
  constexpr int thread_count = 4;
  constexpr int store_count = LARDER_TEST_SANITIZED ? 300 : 6000;
  const auto cache = make(GetParam(), options(std::size_t{32} << 20, 0, 16));
  const std::string value(64'000, 'v');
  std::atomic<int> refused_count{0};
  std::vector<std::thread> threads;
  threads.reserve(thread_count);
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < store_count; ++i) {
        const std::string key = std::to_string(t * store_count + i);
        const Bytes part = Bytes(value).substr(0, 20'000 + static_cast<std::size_t>(i * 7919 % 44'000));
        const auto outcome = cache->set(0, key, part, Expiry::none(), Condition::always(), at(0));
        if (outcome != StoreOutcome::stored) ++refused_count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused_count, 0);
}

}  // namespace
}  // namespace larder::cache
