// session/foresight.h: the keys that the connections of one worker are about to ask for.
//
//   a turn of the loop   announced(A) announced(B) announced(C)  advance(A) advance(B) advance(C)
//   the keys             line of a    line of b    line of c     records of a, b, c; then nobody waits
//
// A look-up waits for memory twice, for the index's line and for the record. Most of a turn's requests are
// there before the first of them is answered, so that their waits can be one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "cache/backend.h"

namespace larder::session {

/// A few hints, made and used up within a turn.
///
/// Ownership  owns its hints, which refer to nothing; the cache outlives it
/// Threads    its worker's
class alignas(64) Foresight final {
 public:
  explicit Foresight(const cache::Cache& cache) : cache_(&cache) {}

  /// One more than there is room for is forgotten: it costs its look-up what it costs without this.
  void add(cache::Database database, Bytes key) {
    if (count_ < hints_.size()) hints_[count_++] = cache_->hint(database, key);
  }

  /// What was added since the last call is asked for, which nobody waits for yet.
  void ask() {
    cache_->fetch_index(std::span(hints_).first(count_).subspan(asked_count_));
    asked_count_ = count_;
  }

  /// All that was added is on its way from here. A single one would only wait here in place of there.
  void fetch() {
    if (count_ > 1) {
      ask();
      cache_->fetch_records(std::span(hints_).first(count_));
    }
    count_ = asked_count_ = 0;
  }

  /// Before the call on `keys[index]`, one after the other: every 16th has itself and the next ones fetched.
  /// A single key has nobody to wait with.
  void reach(cache::Database database, std::span<const Bytes> keys, std::size_t index) {
    if (index % group_size != 0 || keys.size() < 2) return;
    for (const Bytes key : keys.subspan(index, std::min(group_size, keys.size() - index))) add(database, key);
    fetch();
  }

 private:
  static constexpr std::size_t group_size = 16;

  const cache::Cache* cache_;
  std::array<cache::KeyHint, 64> hints_{};
  std::size_t count_ = 0;
  std::size_t asked_count_ = 0;
};

}  // namespace larder::session
