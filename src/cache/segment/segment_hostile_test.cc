// Keys made to collide by somebody who knows the secret cost hits, not time, and nobody else's hits. And a
// compare token never stands for two values. Method: brute force over short keys finds those that fall on one
// line of the index, and those that have one tag; a cache that is flooded with them is compared with one that
// is not. For tokens: hundreds of thousands of random steps on a few keys, every token ever seen remembered.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "cache/backend.h"
#include "cache/segment/index.h"
#include "cache/segment/segment_shard.h"
#include "cache/sharded_cache.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

using SegmentCache = ShardedCache<SegmentShard>;

// Keys whose hashes have the same first bits.
std::vector<std::string> colliding_keys(const Hasher& hasher, unsigned bit_count, std::size_t key_count) {
  const std::uint64_t wanted = std::uint64_t{0xABCDEF0123456789} >> (64 - bit_count);
  std::vector<std::string> keys;
  std::string key = "........";
  for (std::uint64_t number = 0; keys.size() < key_count; ++number) {
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>('A' + (number >> 4 * i & 15));
    if (hasher(key) >> (64 - bit_count) == wanted) keys.push_back(key);
  }
  return keys;
}

std::vector<std::string> ordinary_keys(std::size_t key_count) {
  std::vector<std::string> keys;
  keys.reserve(key_count);
  for (std::size_t i = 0; i < key_count; ++i) keys.push_back("ordinary" + std::to_string(i));
  return keys;
}

double seconds_to_set_and_get(Cache& cache, const std::vector<std::string>& keys) {
  const auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < 5; ++round) {
    for (const std::string& key : keys) put(cache, key, "value of " + key);
    for (const std::string& key : keys) {
      const auto value = value_of(cache, key);
      EXPECT_TRUE(!value || *value == "value of " + key);
    }
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// With 20,000 items the index has 64 groups of 32 lines and more: 12 bits of the hash name a line.
TEST(SegmentHostile, AFloodOfOneLineCostsLittleTimeAndNobodyElsesHits) {
  constexpr std::size_t flood_size = LARDER_TEST_SANITIZED ? 700 : 10'000;
  const CacheOptions limits = options(64 * mib, 0, 1);
  const std::vector<std::string> flood = colliding_keys(Hasher(limits.secret), 12, flood_size);
  const std::vector<std::string> others = ordinary_keys(20'000);
  const Hasher hasher(limits.secret);

  SegmentCache calm(limits);
  const double ordinary_seconds = seconds_to_set_and_get(calm, ordinary_keys(flood_size));
  SegmentCache cache(limits);
  for (const std::string& key : others) put(cache, key, "other");
  const double flood_seconds = seconds_to_set_and_get(cache, flood);
  if (!LARDER_TEST_SANITIZED) {
    EXPECT_LE(flood_seconds, 20 * ordinary_seconds + 0.01);
  }

  std::size_t lost_count = 0;
  for (const std::string& key : others) {
    if (has(cache, key)) continue;
    ++lost_count;
    EXPECT_EQ(hasher(key) >> 58, hasher(flood[0]) >> 58) << "lost a key of another group";
  }
  EXPECT_LE(lost_count, others.size() / 32);
  std::size_t kept_count = 0;
  for (const std::string& key : flood) kept_count += has(cache, key) ? 1U : 0U;
  EXPECT_LE(kept_count, 64 * slots_per_line);  // a group has no more
  EXPECT_TRUE(has(cache, flood.back()));
  EXPECT_TRUE(cache.books_hold());
  EXPECT_LE(cache.stats().evictions, 5 * flood.size() + lost_count);
}

// A small cache begins with one group: twenty bits are the whole tag.
TEST(SegmentHostile, OfKeysWithOneTagEightAreKept) {
  const CacheOptions limits = options(512 * kib, 0, 1);
  const Hasher hasher(limits.secret);
  SegmentCache cache(limits);
  const std::vector<std::string> others = ordinary_keys(150);
  for (const std::string& key : others) put(cache, key, "other");
  const std::vector<std::string> flood =
      colliding_keys(hasher, tag_bit_count, LARDER_TEST_SANITIZED ? 10 : 30);
  for (int round = 0; round < 100; ++round) {
    for (const std::string& key : flood) {
      put(cache, key, key + std::to_string(round));
      ASSERT_EQ(value_of(cache, key), key + std::to_string(round));
    }
  }
  std::size_t kept_count = 0;
  for (const std::string& key : flood) {
    const auto value = value_of(cache, key);
    if (!value) continue;
    ++kept_count;
    EXPECT_EQ(*value, key + "99");
  }
  EXPECT_EQ(kept_count, Index::same_tag_count_max);
  for (const std::string& key : others) EXPECT_TRUE(has(cache, key));
  EXPECT_TRUE(cache.books_hold());
}

TEST(SegmentHostile, AKeyInAllDatabasesIsNotAFlood) {
  SegmentCache cache(options(512 * kib, 0, 1));
  for (Database database = 0; database < database_count; ++database) {
    cache.set(database, "key", std::to_string(database), Expiry::none(), Condition::always(), at(0));
  }
  for (Database database = 0; database < database_count; ++database) {
    EXPECT_EQ(value_of(cache, "key", at(0), database), std::to_string(database));
  }
}

// ---- Tokens

// Every way in which a value comes and goes: in place, elsewhere, as a large one, by touch, by eviction.
TEST(SegmentTokens, NeverStandForTwoValuesOfAKey) {
  constexpr int step_count = LARDER_TEST_SANITIZED ? 60'000 : 400'000;
  constexpr std::size_t key_count = 6;
  SegmentCache cache(options(64 * kib, 0, 1));
  std::mt19937_64 random(17);
  std::vector<std::unordered_map<CompareToken, std::string>> seen(key_count);
  const auto value_for = [&](int step) {
    const std::size_t size = random() % 20 == 0 ? random() % 8000 : random() % 30;
    return std::to_string(step) + std::string(size, 'v');
  };
  for (int step = 0; step < step_count; ++step) {
    const std::size_t index = random() % key_count;
    const std::string key = "key" + std::to_string(index);
    const std::string value = value_for(step);
    const Expiry expiry = random() % 4 == 0 ? Expiry::at(at(step + 50)) : Expiry::none();
    switch (random() % 8) {
      case 0:
        cache.remove(0, key, Condition::always(), at(step));
        [[fallthrough]];
      case 1:
      case 2:
        cache.set(0, key, value, expiry, Condition::always(), at(step));
        break;
      case 3:
        cache.update(0, key, at(step), [&](const ItemView*) { return Change::store(value, expiry); });
        break;
      case 4:
        cache.touch(0, key, expiry, at(step));
        break;
      case 5:
        cache.sweep(at(step), 10);
        break;
      case 6:
        if (step % 1000 == 0) cache.clear_all();
        break;
      default:
        put(cache, "other" + std::to_string(random() % 500), std::string(random() % 900, 'o'), at(step));
    }
    const auto item = look(cache, key, at(step));
    if (!item) continue;
    const auto [known, is_new] = seen[index].emplace(item->token, item->value);
    ASSERT_EQ(known->second, item->value) << "step " << step;
  }
  EXPECT_GT(cache.stats().evictions, 1000U);
  std::size_t token_count = 0;
  for (const auto& tokens : seen) token_count += tokens.size();
  EXPECT_GT(token_count, static_cast<std::size_t>(step_count) / 8);
}

}  // namespace
}  // namespace larder::cache::segment
