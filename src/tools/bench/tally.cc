#include "tools/bench/tally.h"

#include <algorithm>
#include <chrono>

#include "tools/trace/value_size.h"

namespace larder::tools {

void Tally::merge(const Tally& other) {
  sent_count += other.sent_count;
  replied_count += other.replied_count;
  hit_count += other.hit_count;
  miss_count += other.miss_count;
  wrong_count += other.wrong_count;
  stored_count += other.stored_count;
  refused_count += other.refused_count;
  spoilt_count += other.spoilt_count;
  sent_size += other.sent_size;
  received_size += other.received_size;
  if (first_refusal.empty()) first_refusal = other.first_refusal;
  if (first_wrong.empty()) first_wrong = other.first_wrong;
  reads.merge(other.reads);
  stores.merge(other.stores);
}

void Books::wrong(const PendingRequests& pending, std::uint64_t id) {
  Tally& tally = of(pending.time());
  if (tally.wrong_count++ == 0) tally.first_wrong = object_key(id);
}

void Books::refused(const PendingRequests& pending, Bytes text) {
  Tally& tally = of(pending.time());
  if (tally.refused_count++ == 0) tally.first_refusal = text;
}

void Books::replied(PendingRequests& pending, bool is_spoilt, BenchTime now) {
  const BenchTime time = pending.time();
  Tally& tally = of(time);
  ++tally.replied_count;
  if (is_spoilt) ++tally.spoilt_count;
  // A reply is read with the time of its turn, which the next request of an open loop may be later than.
  const auto latency = std::max(now - time, BenchTime::duration{0});
  const auto latency_ns =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(latency).count());
  (pending.is_read() ? tally.reads : tally.stores).record(latency_ns);
  last_reply = now;
  pending.pop();
}

}  // namespace larder::tools
