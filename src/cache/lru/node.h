// cache/lru/node.h: one item, in one allocation.
//
//   +--------------------------------------------+-----------+-------------+
//   | links | hash | token | deadline | sizes    | key bytes | value bytes |
//   +--------------------------------------------+-----------+-------------+
//   ^ Node, 80 bytes                             ^ this + 1
//
// A node is on the recency list always, on one list of the deadline wheel if it has a deadline, and in the
// chain of its bucket. It is made, shown and destroyed; a new value is a new node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>

#include "base/bytes.h"
#include "base/clock.h"
#include "cache/backend.h"
#include "cache/counting_allocator.h"
#include "cache/lru/list.h"
#include "cache/rules.h"
#include "cache/shard.h"

namespace larder::cache {

struct RecencyTag;
struct DeadlineTag;

/// An item of the `lru` back end.
///
/// Ownership  its shard made it from its budget and frees it
/// Threads    as its shard
class Node final : public ListLink<RecencyTag>, public ListLink<DeadlineTag> {
 public:
  static constexpr std::size_t key_size_max = std::numeric_limits<std::uint32_t>::max();

  /// Bytes that a node for this key and value takes, before malloc rounds up.
  [[nodiscard]] static std::size_t size(Bytes key, Bytes value) {
    return sizeof(Node) + key.size() + value.size();
  }

  /// Copies key and value into a new node. Null: malloc refused.
  [[nodiscard]] static Node* make(MemoryBudget& budget, const ItemKey& key, Bytes value, TimePoint deadline,
                                  CompareToken token) {
    void* const block = budget.allocate(size(key.bytes, value));
    return block == nullptr ? nullptr : ::new (block) Node(key, value, deadline, token);
  }

  static void destroy(MemoryBudget& budget, Node& node) {
    node.~Node();
    budget.release(&node);
  }

  [[nodiscard]] Bytes key() const { return {payload(), key_size_}; }
  [[nodiscard]] Bytes value() const { return {payload() + key_size_, value_size_}; }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] Database database() const { return database_; }
  [[nodiscard]] CompareToken token() const { return token_; }
  [[nodiscard]] bool has_deadline() const { return deadline_ != no_deadline; }
  /// no_deadline: none.
  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  /// The node is on no list of the wheel while its deadline changes.
  void set_deadline(TimePoint deadline) { deadline_ = deadline; }

  [[nodiscard]] ItemView view() const {
    return {.value = value(), .deadline = shown_deadline(deadline_), .known_token = token_};
  }

  /// The hash first: it differs for nearly every key but the right one, and lies in the line just loaded.
  [[nodiscard]] bool is(const ItemKey& wanted) const {
    return hash_ == wanted.hash && database_ == wanted.database && key() == wanted.bytes;
  }

  Node* chain_next = nullptr;  // the next of the same bucket; the table's

 private:
  Node(const ItemKey& key, Bytes value, TimePoint deadline, CompareToken token)
      : hash_(key.hash),
        token_(token),
        deadline_(deadline),
        value_size_(value.size()),
        key_size_(static_cast<std::uint32_t>(key.bytes.size())),
        database_(key.database) {
    key.bytes.copy(payload(), key.bytes.size());
    value.copy(payload() + key.bytes.size(), value.size());
  }
  ~Node() = default;

  [[nodiscard]] char* payload() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] const char* payload() const { return reinterpret_cast<const char*>(this + 1); }

  std::uint64_t hash_;
  CompareToken token_;
  TimePoint deadline_;
  std::size_t value_size_;
  std::uint32_t key_size_;
  Database database_;
};

static_assert(sizeof(Node) == 80);

}  // namespace larder::cache
