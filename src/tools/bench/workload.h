// tools/bench/workload.h: what larder-bench asks a server for.
#pragma once

#include <cstdint>

#include "tools/replay/value_rule.h"

namespace larder::tools {

enum class BenchProtocol : std::uint8_t { resp, memcached };

/// How the next key is chosen.
enum class KeyChoice : std::uint8_t {
  uniform,     // each as often as any other
  zipf,        // the k-th as often as 1 / k^skew
  sequential,  // one after the other, again and again
};

/// The requests of a run. Keys and values are those of trace/value_size.h: they follow from the key's number.
struct Workload {
  BenchProtocol protocol = BenchProtocol::resp;
  std::uint64_t key_count = 1'000'000;
  KeyChoice key_choice = KeyChoice::uniform;
  double skew = 0.99;  // of zipf
  std::uint64_t seed = 1;
  ValueRule value_rule{.kind = ValueRuleKind::fixed, .size = 64};  // fixed or log-normal
  unsigned read_percent = 100;                                     // the others are stores
  std::uint32_t keys_per_read = 1;  // more than one: MGET, or `get` with so many keys
  bool is_verified = false;         // every byte of a hit is compared
};

/// Bytes of the value of the key with number `id`.
[[nodiscard]] std::uint64_t value_size_of(const Workload& workload, std::uint64_t id);

}  // namespace larder::tools
