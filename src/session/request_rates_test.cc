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

/// How many pass at once. The one that does not is given back.
std::size_t burst(RequestBucket& bucket, std::uint64_t per_second, TimePoint now) {
  std::size_t count = 0;
  while (bucket.take(per_second, now) <= now) ++count;
  bucket.give_back(per_second);
  return count;
}

TEST(RequestBucket, HasASecondsTokensAndFillsAtTheRate) {
  for (const std::uint64_t per_second : {1UL, 3UL, 100UL, 1000UL, 1'000'000UL}) {
    RequestBucket bucket;
    EXPECT_EQ(burst(bucket, per_second, start), per_second);
    EXPECT_FALSE(bucket.is_full(start + 998ms));
    EXPECT_TRUE(bucket.is_full(start + 1s));
    EXPECT_EQ(burst(bucket, per_second, start + 500ms), per_second / 2);
    EXPECT_EQ(burst(bucket, per_second, start + 1h), per_second) << "no more than a second's are kept";
  }
}

TEST(RequestBucket, GivesTokensInTheOrderInWhichTheyAreAskedFor) {
  RequestBucket bucket;
  EXPECT_EQ(burst(bucket, 4, start), 4U);
  EXPECT_EQ(bucket.take(4, start + 100ms), start + 250ms);
  EXPECT_EQ(bucket.take(4, start + 101ms), start + 500ms);
  bucket.give_back(4);
  EXPECT_EQ(bucket.take(4, start + 102ms), start + 500ms);
  EXPECT_EQ(bucket.take(4, start + 2s), start + 2s);
}

TEST(RequestBucket, GivesManyThreadsNoMoreThanThereIs) {
  RequestBucket bucket;
  constexpr std::size_t thread_count = 4;
  std::vector<std::size_t> counts(thread_count);
  std::vector<std::thread> threads;
  threads.reserve(thread_count);
  for (std::size_t& count : counts) {
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < 10'000; ++i) count += bucket.take(10'000, start) <= start ? 1U : 0U;
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t sum = 0;
  for (const std::size_t count : counts) sum += count;
  EXPECT_EQ(sum, 10'000U);
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
  static_cast<void>(rates.bucket_of_address("10.0.0.1:1")->take(10, start + 950ms));
  auto held = rates.bucket_of_address("10.0.0.2:1");
  rates.tick(start + 1s);
  EXPECT_EQ(rates.bucket_count(), 2U);
  rates.tick(start + 1500ms);
  EXPECT_EQ(rates.bucket_count(), 2U) << "it looks once a second";
  rates.tick(start + 2s);
  EXPECT_EQ(rates.bucket_count(), 1U);
  held = nullptr;
  rates.tick(start + 3s);
  EXPECT_EQ(rates.bucket_count(), 0U);
}

TEST(RequestRates, FillAllBucketsWhenTheClockIsSetBack) {
  RequestRates rates;
  rates.set_up({.per_address = 10, .per_user = 10});
  const auto of_address = rates.bucket_of_address("10.0.0.1:1");
  const auto of_user = rates.bucket_of_user("a");
  rates.tick(start);
  for (const auto& bucket : {of_address, of_user}) EXPECT_EQ(burst(*bucket, 10, start), 10U);
  const TimePoint before = start - 1h;
  EXPECT_EQ(burst(*of_user, 10, before), 0U);
  rates.tick(before);
  for (const auto& bucket : {of_address, of_user}) EXPECT_EQ(burst(*bucket, 10, before), 10U);
}

TEST(RequestRates, KeepTheNameOfOneWhoWaitsUntilItIsTaken) {
  using Kind = RequestRates::Kind;
  RequestRates rates;
  rates.note_delayed(Kind::address, "10.0.0.1");
  rates.note_delayed(Kind::address, "10.0.0.2");
  rates.note_delayed(Kind::user, "a");
  EXPECT_EQ(rates.take_delayed(Kind::address), "10.0.0.1");
  EXPECT_EQ(rates.take_delayed(Kind::address), "");
  rates.note_delayed(Kind::address, "10.0.0.2");
  EXPECT_EQ(rates.take_delayed(Kind::address), "10.0.0.2");
  EXPECT_EQ(rates.take_delayed(Kind::user), "a");
}

TEST(RequestRates, HaveABoundOfAddressesBeyondWhichTheyShareOne) {
  RequestRates rates;
  rates.set_up({.per_address = 1, .per_user = 0});
  const auto address = [](std::size_t number) {
    return "10." + std::to_string(number >> 16) + "." + std::to_string(number >> 8 & 255) + "." +
           std::to_string(number & 255) + ":1";
  };
  for (std::size_t number = 0; number < RequestRates::address_count_max; ++number) {
    static_cast<void>(rates.bucket_of_address(address(number))->take(1, start));
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
