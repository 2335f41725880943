// cache/segment/large_values.h: values that have pages of their own: filled bit by bit, lent to readers, and
// given back to the kernel bit by bit.
//
//   slot   [ note | value .......................... | key ... | addresses that nobody uses ]
//                 ^ what a stub in the log points at, and who borrows a value knows it by
//
//   draft --adopt()--> stored --give_back()--> orphan --last loan ends--> dying --reclaim()--> free
//                      ^ take()                (only while it is lent)
//                      ^------adopt()-----------+  under another key
//
// Nothing here takes long: a draft pays for its pages as its bytes come, and what is dying goes back to the
// kernel a megabyte at a time. In all of these states it counts against the budget.
//
// Loans and drafts keep memory in which no item can be, so both have bounds: half of `size_max`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/bytes.h"
#include "base/loan.h"
#include "cache/segment/byte_budget.h"
#include "cache/segment/extents.h"

namespace larder::cache::segment {

/// All large values of one cache. A value is named by the address of its first byte.
///
/// Units      bytes
/// Ownership  owns their memory
/// Threads    any; one lock, held for a few instructions, and one for who talks to the kernel
/// Errors     what needs memory answers null or false; nothing throws
/// Invariant  what is stored, lent or a draft is neither moved nor freed
class LargeValues final : public Lender {
 public:
  /// `size_max`: of all together; it may be raised to `size_limit`, for which addresses are kept.
  LargeValues(ByteBudget& budget, std::size_t size_max, std::size_t size_limit);
  LargeValues(ByteBudget& budget, std::size_t size_max) : LargeValues(budget, size_max, size_max) {}

  /// What is lent or on its way already stays so.
  void set_size_max(std::size_t size_max);

  /// Memory that key and value of this size together take.
  [[nodiscard]] static std::size_t footprint(std::size_t body_size);

  // ---- Stored values

  /// Room for value and key, which the caller fills.
  [[nodiscard]] std::byte* take(std::size_t value_size, std::size_t key_size);
  /// Who stored it has no use for it any more.
  void give_back(std::byte* value);
  /// None: too much is lent.
  [[nodiscard]] Loan lend(Bytes value) override;

  // ---- Drafts

  /// A value of this size that is to come, and room for a key behind it. Null: too much is under way.
  [[nodiscard]] std::byte* begin_draft(std::size_t value_size, std::size_t key_size_max);
  /// Memory for the first `size` bytes of it. False: there is none.
  [[nodiscard]] bool grow_draft(std::byte* value, std::size_t size);
  /// It will not be written to any more. If it was adopted, it stays.
  void end_draft(std::byte* value);
  /// Makes a draft with all of its bytes a stored value with room for its key; or an orphan, all of which the
  /// caller has borrowed. Null: `value` is neither, its slot has no room for the key, or there is no memory
  /// for that.
  [[nodiscard]] std::byte* adopt(Bytes value, std::size_t key_size);

  // ---- Memory

  /// Gives a little of what is dying back to the kernel and to the budget. False: nothing is.
  bool reclaim();
  [[nodiscard]] std::size_t dying_size() const { return dying_size_.load(std::memory_order_relaxed); }
  /// Memory of what is not stored: drafts, orphans and what is dying.
  [[nodiscard]] std::size_t ownerless_size() const { return ownerless_size_.load(std::memory_order_relaxed); }
  /// Memory of values, stored or not, that somebody has borrowed.
  [[nodiscard]] std::size_t lent_size() const { return lent_size_.load(std::memory_order_relaxed); }
  /// Values in any state.
  [[nodiscard]] std::size_t count() const;

  void take_back(const void* owner) noexcept override;
  [[nodiscard]] bool is_orphan(const void* owner) const noexcept override;

 private:
  struct Note;

  [[nodiscard]] static Note& note_of(const void* value);
  [[nodiscard]] Note* make(std::size_t value_size, std::size_t key_size_max, std::size_t memory_size);
  [[nodiscard]] Note* adoptable(Bytes value, std::size_t key_size) const;
  void drop_ownerless(Note& note, std::unique_lock<std::mutex>& lock);

  ByteBudget& budget_;
  std::mutex reclaiming_;  // taken before mutex_
  mutable std::mutex mutex_;
  std::size_t held_size_max_;  // of what is lent, and of drafts
  Extents extents_;
  Note* dying_ = nullptr;  // the first of a list
  std::size_t draft_size_ = 0;
  std::atomic<std::size_t> dying_size_{0};
  std::atomic<std::size_t> ownerless_size_{0};
  std::atomic<std::size_t> lent_size_{0};
};

}  // namespace larder::cache::segment
