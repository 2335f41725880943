// Buckets of tokens by the clock. Method: takes in every pattern that matters, at moments that are handed in;
// what passed in a window is never more than a burst and the rate.
#include "session/request_rates.h"

#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace larder::session {
namespace {

using namespace std::chrono_literals;

const TimePoint start{1'700'000'000'000ms};

/// How many pass at once.
std::size_t burst(RequestBucket& bucket, std::uint64_t per_second, TimePoint now) {
  std::size_t count = 0;
  for (; !bucket.next(per_second, now); ++count) bucket.take(per_second, now);
  return count;
}

TEST(RequestBucket, HasASecondsTokensAndFillsAtTheRate) {
  for (const std::uint64_t per_second : {1UL, 3UL, 100UL, 1000UL, 1'000'000UL}) {
    RequestBucket bucket;
    EXPECT_EQ(burst(bucket, per_second, start), per_second);
    EXPECT_FALSE(bucket.is_full(start + 999ms));
    EXPECT_TRUE(bucket.is_full(start + 1s));
    EXPECT_EQ(burst(bucket, per_second, start + 500ms), per_second / 2);
    EXPECT_EQ(burst(bucket, per_second, start + 1h), per_second) << "no more than a second's are kept";
  }
}

TEST(RequestBucket, SaysWhenTheNextWillBeThere) {
  RequestBucket bucket;
  EXPECT_EQ(burst(bucket, 4, start), 4U);
  const auto next = bucket.next(4, start + 100ms);
  EXPECT_EQ(next, start + 250ms);
  EXPECT_TRUE(bucket.next(4, start + 249ms));
  EXPECT_EQ(burst(bucket, 4, *next), 1U);
}

TEST(RequestBucket, FillsUpWhenTheClockIsSetBack) {
  RequestBucket bucket;
  EXPECT_EQ(burst(bucket, 100, start), 100U);
  EXPECT_EQ(burst(bucket, 100, start - 1h), 100U);
  EXPECT_EQ(burst(bucket, 100, start - 1h), 0U);
}

TEST(RequestBucket, GivesManyThreadsNoMoreThanThereIs) {
  RequestBucket bucket;
  constexpr std::size_t thread_count = 4;
  std::vector<std::size_t> counts(thread_count);
  std::vector<std::thread> threads;
  threads.reserve(thread_count);
  for (std::size_t& count : counts) threads.emplace_back([&] { count = burst(bucket, 10'000, start); });
  for (std::thread& thread : threads) thread.join();
  std::size_t sum = 0;
  for (const std::size_t count : counts) sum += count;
  EXPECT_GE(sum, 10'000U);
  EXPECT_LE(sum, 10'000U + thread_count - 1) << "one each that saw the last";
}

TEST(RequestRates, HaveOneBucketForEachAddressAndEachUser) {
  RequestRates rates;
  rates.set_up({.per_address = 1, .per_user = 1});
  const auto bucket = rates.bucket_of_address("10.0.0.1:1");
  EXPECT_EQ(bucket, rates.bucket_of_address("10.0.0.1:2"));
  EXPECT_NE(bucket, rates.bucket_of_address("10.0.0.2:1"));
  EXPECT_EQ(rates.bucket_of_address("[2001:db8::1]:1"), rates.bucket_of_address("[2001:db8::2]:1"));
  EXPECT_EQ(rates.bucket_of_address("/run/larder.sock:0"), nullptr);
  EXPECT_EQ(rates.bucket_of_user("a"), rates.bucket_of_user("a"));
  EXPECT_NE(rates.bucket_of_user("a"), rates.bucket_of_user("10.0.0.1"));
}

TEST(RequestRates, HaveNoneOfWhatIsNotBounded) {
  RequestRates rates;
  EXPECT_EQ(rates.bucket_of_address("10.0.0.1:1"), nullptr);
  EXPECT_EQ(rates.bucket_of_user("a"), nullptr);
  rates.tick(start);
  EXPECT_EQ(rates.bucket_count(), 0U);
}

// Or who closes his connection and opens another would start afresh.
TEST(RequestRates, KeepABucketUntilItIsFullAndNobodyHasIt) {
  RequestRates rates;
  rates.set_up({.per_address = 10, .per_user = 0});
  rates.bucket_of_address("10.0.0.1:1")->take(10, start + 950ms);
  auto held = rates.bucket_of_address("10.0.0.2:1");
  rates.tick(start + 1s);
  EXPECT_EQ(rates.bucket_count(), 2U);
  rates.tick(start + 1500ms);
  EXPECT_EQ(rates.bucket_count(), 2U) << "it looks once a second";
  rates.tick(start + 2s);
  EXPECT_EQ(rates.bucket_count(), 1U);
  held = nullptr;
  rates.tick(start - 1h);
  EXPECT_EQ(rates.bucket_count(), 0U) << "the clock was set back";
}

TEST(RequestRates, HaveABoundOfAddressesBeyondWhichTheyShareOne) {
  RequestRates rates;
  rates.set_up({.per_address = 1, .per_user = 0});
  const auto address = [](std::size_t number) {
    return "10." + std::to_string(number >> 16) + "." + std::to_string(number >> 8 & 255) + "." +
           std::to_string(number & 255) + ":1";
  };
  for (std::size_t number = 0; number < RequestRates::address_count_max; ++number) {
    rates.bucket_of_address(address(number))->take(1, start);
  }
  const auto further = rates.bucket_of_address(address(RequestRates::address_count_max));
  EXPECT_NE(further, nullptr);
  EXPECT_EQ(further, rates.bucket_of_address(address(RequestRates::address_count_max + 1)));
  EXPECT_EQ(rates.bucket_count(), RequestRates::address_count_max);
  rates.tick(start + 1s);
  EXPECT_EQ(rates.bucket_count(), 0U);
}

}  // namespace
}  // namespace larder::session
