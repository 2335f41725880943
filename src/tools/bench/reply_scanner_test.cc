// Replies are counted for what they are, however the bytes are cut, and what is no reply to what was asked is
// never success. Method: streams of replies made by hand, scanned whole, byte by byte and cut at each
// position; the books must be the same.
#include "tools/bench/reply_scanner.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "tools/bench/reply_parts.h"
#include "tools/trace/value_size.h"

namespace larder::tools {
namespace {

using testing::HasSubstr;

const BenchTime start{std::chrono::seconds{100}};
const BenchTime end = start + std::chrono::microseconds{5};

// What was asked: a read of these keys, or a store if there are none.
using Asked = std::vector<std::vector<std::uint64_t>>;

struct Outcome {
  Books books;
  std::size_t pending_count = 0;
  std::string error;  // empty: none
};

Outcome scanned(const Workload& workload, const Asked& asked, const std::vector<Bytes>& cuts) {
  PendingRequests pending(std::max<std::size_t>(asked.size(), 1), workload.keys_per_read);
  for (const auto& ids : asked) {
    const std::span<std::uint64_t> target =
        pending.push(!ids.empty(), std::max<std::size_t>(ids.size(), 1), start);
    std::ranges::copy(ids, target.begin());
  }
  const auto scanner = make_reply_scanner(workload);
  Outcome outcome;
  outcome.books.measured_from = start;
  for (const Bytes cut : cuts) {
    // A copy of its own, so that a sanitizer sees whoever reads beyond it or keeps it.
    const std::vector<char> bytes(cut.begin(), cut.end());
    if (auto taken = scanner->scan(Bytes(bytes.data(), bytes.size()), pending, outcome.books, end); !taken) {
      outcome.error = taken.error().message;
      break;
    }
  }
  outcome.pending_count = pending.size();
  return outcome;
}

std::vector<std::uint64_t> figures_of(const Outcome& outcome) {
  const Tally& tally = outcome.books.measured;
  return {tally.replied_count,  tally.hit_count,      tally.miss_count,   tally.wrong_count,
          tally.stored_count,   tally.refused_count,  tally.spoilt_count, tally.reads.count(),
          tally.stores.count(), outcome.pending_count};
}

// The outcome of `replies` in one piece, once every other cut has been found to give the same.
Outcome outcome_of(const Workload& workload, const Asked& asked, const std::string& replies) {
  Outcome whole = scanned(workload, asked, {replies});
  std::vector<std::vector<Bytes>> ways(1);
  const Bytes bytes = replies;
  for (std::size_t i = 0; i < bytes.size(); ++i) ways[0].push_back(bytes.substr(i, 1));
  for (std::size_t i = 1; i < bytes.size(); ++i) ways.push_back({bytes.substr(0, i), bytes.substr(i)});
  for (const auto& cuts : ways) {
    const Outcome other = scanned(workload, asked, cuts);
    EXPECT_EQ(figures_of(other), figures_of(whole)) << "first cut at " << cuts[0].size();
    EXPECT_EQ(other.error, whole.error);
    EXPECT_EQ(other.books.measured.first_refusal, whole.books.measured.first_refusal);
    EXPECT_EQ(other.books.measured.first_wrong, whole.books.measured.first_wrong);
  }
  return whole;
}

Workload workload_of(BenchProtocol protocol, std::uint32_t keys_per_read = 1, bool is_verified = false) {
  return {.protocol = protocol,
          .value_rule = {.kind = ValueRuleKind::fixed, .size = 30},
          .keys_per_read = keys_per_read,
          .is_verified = is_verified};
}

std::string value_of(std::uint64_t id) { return object_value(object_key(id), 30); }
std::string bulk_of(std::uint64_t id) { return "$30\r\n" + value_of(id) + "\r\n"; }
std::string item_of(std::uint64_t id) {
  return "VALUE " + object_key(id) + " 0 30\r\n" + value_of(id) + "\r\n";
}

// RESP.

TEST(RespReplies, AreCountedForWhatTheyAre) {
  const Outcome outcome = outcome_of(workload_of(BenchProtocol::resp), {{1}, {2}, {}, {3}, {}, {4}},
                                     bulk_of(1) + "$-1\r\n+OK\r\n-ERR no\r\n-OOM full\r\n_\r\n");
  EXPECT_EQ(outcome.error, "");
  const Tally& tally = outcome.books.measured;
  EXPECT_EQ(tally.replied_count, 6U);
  EXPECT_EQ(tally.hit_count, 1U);
  EXPECT_EQ(tally.miss_count, 2U);
  EXPECT_EQ(tally.stored_count, 1U);
  EXPECT_EQ(tally.refused_count, 2U);
  EXPECT_EQ(tally.success_count(), 4U);
  EXPECT_EQ(tally.first_refusal, "ERR no");
  EXPECT_EQ(tally.reads.count(), 4U);
  EXPECT_EQ(tally.stores.max(), 5000U);
  EXPECT_EQ(outcome.pending_count, 0U);
}

TEST(RespReplies, ToSeveralKeysAreOneReply) {
  const Outcome outcome = outcome_of(
      workload_of(BenchProtocol::resp, 3, true), {{1, 2, 3}, {4, 5, 6}, {}, {7, 8, 9}},
      "*3\r\n" + bulk_of(1) + "$-1\r\n" + bulk_of(3) + "*3\r\n$-1\r\n$-1\r\n$-1\r\n+OK\r\n-ERR\r\n");
  EXPECT_EQ(outcome.error, "");
  const Tally& tally = outcome.books.measured;
  EXPECT_EQ(tally.replied_count, 4U);
  EXPECT_EQ(tally.hit_count, 2U);
  EXPECT_EQ(tally.miss_count, 4U);
  EXPECT_EQ(tally.success_count(), 3U);
}

TEST(RespReplies, OfAnotherSizeAreWrong) {
  const Outcome outcome =
      outcome_of(workload_of(BenchProtocol::resp), {{1}, {2}, {3}}, "$0\r\n\r\n$3\r\nabc\r\n" + bulk_of(3));
  EXPECT_EQ(outcome.error, "");
  const Tally& tally = outcome.books.measured;
  EXPECT_EQ(tally.hit_count, 1U);
  EXPECT_EQ(tally.wrong_count, 2U);
  EXPECT_EQ(tally.success_count(), 1U);
  EXPECT_EQ(tally.first_wrong, object_key(1));
}

TEST(RespReplies, OfOtherBytesAreWrongWhereThatIsVerified) {
  const std::string replies = bulk_of(2) + bulk_of(1);
  EXPECT_EQ(outcome_of(workload_of(BenchProtocol::resp), {{1}, {1}}, replies).books.measured.hit_count, 2U);
  const Outcome outcome = outcome_of(workload_of(BenchProtocol::resp, 1, true), {{1}, {1}}, replies);
  EXPECT_EQ(outcome.books.measured.hit_count, 1U);
  EXPECT_EQ(outcome.books.measured.wrong_count, 1U);
  // Whichever byte it is.
  for (std::size_t i = 0; i < 30; ++i) {
    std::string planted = bulk_of(1);
    planted[planted.find('o') + i] ^= 1;
    EXPECT_EQ(scanned(workload_of(BenchProtocol::resp, 1, true), {{1}}, {planted}).books.measured.wrong_count,
              1U)
        << i;
  }
}

TEST(RespReplies, ThatMakeNoSenseEndIt) {
  const auto one = workload_of(BenchProtocol::resp);
  const auto three = workload_of(BenchProtocol::resp, 3);
  for (const char* nonsense : {"+OK\r\n", ":1\r\n", "$-2\r\n", "$x\r\n", "*1\r\n$-1\r\n", "HTTP/1.1 400\r\n",
                               "\r\n", "$99999999999\r\n", "END\r\n", "$-1\n"}) {
    const Outcome outcome = outcome_of(one, {{1}}, nonsense);
    EXPECT_THAT(outcome.error, HasSubstr("the server's answer")) << nonsense;
    EXPECT_EQ(outcome.books.measured.success_count(), 0U);
  }
  for (const char* nonsense : {"$-1\r\n", "*2\r\n$-1\r\n$-1\r\n", "*3\r\n-ERR\r\n", "*-1\r\n"}) {
    EXPECT_THAT(outcome_of(three, {{1, 2, 3}}, nonsense).error, HasSubstr("not what RESP answers"))
        << nonsense;
  }
  EXPECT_THAT(outcome_of(one, {{}}, "$2\r\nOK\r\n").error, HasSubstr("not what RESP answers"));
  EXPECT_THAT(outcome_of(one, {{}}, "+QUEUED\r\n").error, HasSubstr("'+QUEUED'"));
  EXPECT_THAT(outcome_of(one, {}, "+OK\r\n").error, HasSubstr("although it was not asked"));
  EXPECT_THAT(outcome_of(one, {{1}}, "$30\r\n" + value_of(1) + "xx").error, HasSubstr("no line end follows"));
}

TEST(RespReplies, MayHaveNoLineWithoutEnd) {
  const std::string dots(LineCutter::line_size_max + 1, '.');
  EXPECT_THAT(scanned(workload_of(BenchProtocol::resp), {{1}}, {dots}).error, HasSubstr("line of more than"));
  const std::string half(LineCutter::line_size_max / 2 + 1, '.');
  EXPECT_THAT(scanned(workload_of(BenchProtocol::resp), {{1}}, {half, half}).error,
              HasSubstr("line of more than"));
}

// memcached.

TEST(MemcachedReplies, AreCountedForWhatTheyAre) {
  const Outcome outcome =
      outcome_of(workload_of(BenchProtocol::memcached, 1, true), {{1}, {2}, {}, {3}, {}, {}},
                 item_of(1) + "END\r\nEND\r\nSTORED\r\nSERVER_ERROR no\r\nERROR\r\nNOT_STORED\r\n");
  EXPECT_EQ(outcome.error, "");
  const Tally& tally = outcome.books.measured;
  EXPECT_EQ(tally.replied_count, 6U);
  EXPECT_EQ(tally.hit_count, 1U);
  EXPECT_EQ(tally.miss_count, 1U);
  EXPECT_EQ(tally.stored_count, 1U);
  EXPECT_EQ(tally.refused_count, 3U);
  EXPECT_EQ(tally.success_count(), 3U);
  EXPECT_EQ(tally.first_refusal, "SERVER_ERROR no");
  EXPECT_EQ(outcome.pending_count, 0U);
}

TEST(MemcachedReplies, LeaveOutTheKeysThatAreMissing) {
  const Outcome outcome =
      outcome_of(workload_of(BenchProtocol::memcached, 3), {{1, 2, 3}, {4, 4, 5}, {6, 7, 8}},
                 item_of(2) + "END\r\n" + item_of(4) + item_of(4) + "END\r\nEND\r\n");
  EXPECT_EQ(outcome.error, "");
  const Tally& tally = outcome.books.measured;
  EXPECT_EQ(tally.replied_count, 3U);
  EXPECT_EQ(tally.hit_count, 3U);
  EXPECT_EQ(tally.miss_count, 6U);
}

TEST(MemcachedReplies, OfAnotherSizeAreWrong) {
  const Outcome outcome =
      outcome_of(workload_of(BenchProtocol::memcached), {{1}, {2}},
                 "VALUE " + object_key(1) + " 0 2\r\nab\r\nEND\r\n" + item_of(2) + "END\r\n");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.books.measured.wrong_count, 1U);
  EXPECT_EQ(outcome.books.measured.hit_count, 1U);
  EXPECT_EQ(outcome.books.measured.success_count(), 1U);
}

TEST(MemcachedReplies, AreRefusedOnceEvenInTheMiddle) {
  const Outcome outcome = outcome_of(
      workload_of(BenchProtocol::memcached), {{1}},
      "VALUE " + object_key(1) + " 0 2\r\nab\r\nSERVER_ERROR out of memory writing get response\r\n");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.books.measured.refused_count, 1U);
  EXPECT_EQ(outcome.books.measured.success_count(), 0U);
}

TEST(MemcachedReplies, ThatMakeNoSenseEndIt) {
  const auto one = workload_of(BenchProtocol::memcached);
  for (const char* nonsense : {"STORED\r\n", "$-1\r\n", "VALUE k 0 1\r\n", "VALUE\r\n", "VALUE a b c\r\n",
                               "EN\r\n", "-ERR unknown command\r\n", "END\n"}) {
    const Outcome outcome = outcome_of(one, {{1}}, nonsense);
    EXPECT_NE(outcome.error, "") << nonsense;
    EXPECT_EQ(outcome.books.measured.success_count(), 0U);
  }
  EXPECT_THAT(outcome_of(one, {{1}}, item_of(2)).error, HasSubstr("a key that it was not asked for"));
  EXPECT_THAT(outcome_of(one, {{1}}, item_of(1) + item_of(1)).error, HasSubstr("not asked for"));
  EXPECT_THAT(outcome_of(one, {{}}, "END\r\n").error, HasSubstr("not what memcached answers"));
  EXPECT_THAT(outcome_of(one, {}, "END\r\n").error, HasSubstr("although it was not asked"));
}

// Both.

TEST(Books, KeepTheWarmUpApart) {
  const auto workload = workload_of(BenchProtocol::resp);
  PendingRequests pending(2, 1);
  pending.push(true, 1, start)[0] = 1;
  pending.push(true, 1, end)[0] = 1;
  Books books;
  books.measured_from = end;
  const std::string replies = bulk_of(1) + bulk_of(1);
  ASSERT_TRUE(make_reply_scanner(workload)->scan(replies, pending, books, end).has_value());
  EXPECT_EQ(books.warm_up.hit_count, 1U);
  EXPECT_EQ(books.warm_up.reads.max(), 5000U);
  EXPECT_EQ(books.measured.hit_count, 1U);
  EXPECT_EQ(books.measured.reads.max(), 0U);
  EXPECT_EQ(books.last_reply, end);
}

TEST(Tally, OfThreadsIsMerged) {
  Tally all;
  Tally first;
  first.replied_count = 3;
  first.refused_count = 1;
  first.first_refusal = "ERR";
  first.reads.record(7);
  Tally second;
  second.replied_count = 4;
  second.hit_count = 2;
  second.spoilt_count = 1;
  second.first_wrong = "k";
  all.merge(first);
  all.merge(second);
  EXPECT_EQ(all.replied_count, 7U);
  EXPECT_EQ(all.success_count(), 5U);
  EXPECT_EQ(all.hit_count, 2U);
  EXPECT_EQ(all.first_refusal, "ERR");
  EXPECT_EQ(all.first_wrong, "k");
  EXPECT_EQ(all.reads.max(), 7U);
}

}  // namespace
}  // namespace larder::tools
