// cache/backend.h: what every back end promises. One conformance suite runs over all of them.
//
// A cache maps (database, key) to a value with an optional deadline, within a fixed number of bytes. When
// room is needed it evicts; which item leaves is what tells the back ends apart. The rest of this file is
// true of each of them:
//
//   - it may forget any item at any time; it never returns another key's value, a torn, an overwritten or an
//   expired one;
//   - time comes in with every call (`now`); the cache reads no clock and starts no thread;
//   - a store that is refused for its size or for lack of memory leaves no value under that key: the writer
//   meant the old one to be gone, and a stale value would be a lie;
//   - `Bytes` that go in are copied before the call returns; views that come out are valid inside the visitor
//   only. It may run under a lock: it copies or borrows, and calls nothing of the cache.
//
// Three interfaces, each with more than the one before: KeyedCalls on single keys; Keyspace on many, or on
// all; the Cache itself. A Keyspace is what the cache is to whoever uses it, each call under the locks it
// needs, and what with_keys() and with_everything() hand to their body, where the locks are held already.
// Code that is written against it therefore runs alone and inside a transaction alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/function_ref.h"
#include "base/loan.h"

namespace larder::cache {

/// 0 to 15. Callers check what a peer asks for; here it is asserted.
using Database = std::uint8_t;
inline constexpr std::size_t database_count = 16;

/// Changes with every write to a key; two reads that return the same token saw the same value. May change
/// without a write. 0 is no value's.
using CompareToken = std::uint64_t;

/// A token that costs a read from memory, for those who ask.
class TokenReader {
 public:
  [[nodiscard]] virtual CompareToken read() const = 0;

 protected:
  ~TokenReader() = default;
};

/// One item as a visitor sees it.
struct ItemView {
  Bytes value;
  std::optional<TimePoint> deadline;  // from then on it is not returned; none: lives until evicted
  CompareToken known_token = 0;
  const TokenReader* token_reader = nullptr;  // null: it is known
  Lender* lender = nullptr;                   // of the value; null: it has to be copied

  /// 0, which no condition holds for: somebody has written there since.
  [[nodiscard]] CompareToken token() const {
    return token_reader != nullptr ? token_reader->read() : known_token;
  }

  /// The value for longer than the visit, or nothing. It does not change, whatever becomes of the item, and
  /// what is lent of an item that is gone counts against the limit.
  [[nodiscard]] Loan lend() const { return lender != nullptr ? lender->lend(value) : Loan(); }
};

/// Room in the cache for a large value that is on its way. A store of exactly bytes() then copies nothing.
///
/// Ownership  what it holds counts against the cache's limit, and is gone with it unless it was stored
/// Threads    one at a time
class Draft {
 public:
  virtual ~Draft() = default;
  /// Puts `bytes` behind what is there, making room as a store does. False: there is none, and this is of no
  /// more use. In all no more than was announced.
  [[nodiscard]] virtual bool append(Bytes bytes, TimePoint now) = 0;
  /// What was put there so far.
  [[nodiscard]] virtual Bytes bytes() const = 0;
};

/// What a store does about the deadline.
struct Expiry {
  enum class Kind : std::uint8_t { none, keep, at };
  Kind kind = Kind::none;
  TimePoint deadline{};  // with Kind::at

  static Expiry none() { return {}; }
  static Expiry keep() {
    return {.kind = Kind::keep, .deadline = {}};
  }  // of the value that is replaced, if there is one
  static Expiry at(TimePoint deadline) { return {.kind = Kind::at, .deadline = deadline}; }
};

/// When a store may happen. An expired item counts as absent.
struct Condition {
  enum class Kind : std::uint8_t { always, absent, present, token };
  Kind kind = Kind::always;
  CompareToken token = 0;  // with Kind::token: present, and still this one

  static Condition always() { return {}; }
  static Condition absent() { return {.kind = Kind::absent, .token = 0}; }
  static Condition present() { return {.kind = Kind::present, .token = 0}; }
  static Condition unchanged_since(CompareToken token) { return {.kind = Kind::token, .token = token}; }
};

enum class StoreOutcome : std::uint8_t {
  stored,
  condition_failed,  // nothing changed
  too_large,         // larger than this cache ever holds; what stood under the key is gone
  no_memory,         // the allocator refused; what stood under the key is gone
};

/// What an update's body decides. `value` may point anywhere but into the item that the body was shown.
struct Change {
  enum class Kind : std::uint8_t { keep, remove, store };
  Kind kind = Kind::keep;
  Bytes value{};
  Expiry expiry = Expiry::keep();

  static Change keep() { return {}; }
  static Change remove() { return {.kind = Kind::remove}; }
  static Change store(Bytes value, Expiry expiry) {
    return {.kind = Kind::store, .value = value, .expiry = expiry};
  }
};

/// The calls on one key. Thread rules are those of the object that offers them.
class KeyedCalls {
 public:
  using Visitor = FunctionRef<void(const ItemView&)>;
  using Updater = FunctionRef<Change(const ItemView* current)>;  // null: absent

  virtual ~KeyedCalls() = default;

  /// Shows the item to `visit` and counts as a use of it. False, and no visit: absent. Counted as a hit or a
  /// miss.
  virtual bool get(Database database, Bytes key, TimePoint now, Visitor visit) = 0;

  /// As get, but no use of the item, and counted neither as hit nor as miss (EXISTS, TTL).
  virtual bool peek(Database database, Bytes key, TimePoint now, Visitor visit) = 0;

  /// Puts `value` under `key`, evicting what it takes. A deadline that is not after `now` stores nothing and
  /// removes what was there: the item would be expired already; the outcome is `stored`.
  virtual StoreOutcome set(Database database, Bytes key, Bytes value, Expiry expiry, Condition condition,
                           TimePoint now) = 0;

  /// Removes the item, if `condition` (always or token) holds. True: one was there, unexpired.
  virtual bool remove(Database database, Bytes key, Condition condition, TimePoint now) = 0;

  /// Changes the deadline (none or at) and nothing else; counts as a use. False: absent. A deadline that is
  /// not after `now` removes the item.
  virtual bool touch(Database database, Bytes key, Expiry expiry, TimePoint now) = 0;

  /// Reads, decides, writes, as one step: `decide` sees the current item or null and says what becomes of it.
  /// Counts as a use, not as hit or miss. keep and remove answer `stored`.
  virtual StoreOutcome update(Database database, Bytes key, TimePoint now, Updater decide) = 0;
};

/// Where a scan goes on: below 2^48, so that clients which read it as a double or a signed number lose
/// nothing. 0 starts one and, returned, ends it.
using Cursor = std::uint64_t;

/// What the cache holds and has done since it was made.
struct CacheStats {
  std::uint64_t items = 0;         // all databases, expired ones that are not swept yet included
  std::uint64_t memory_used = 0;   // bytes: items, index and everything else the cache allocated
  std::uint64_t memory_limit = 0;  // as it was asked for
  // What memory_used never exceeds: memory_limit, or more while a lower one is being reached.
  std::uint64_t memory_limit_in_force = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t sets = 0;       // stores that happened, by set or update
  std::uint64_t evictions = 0;  // items that left unexpired to make room
  std::uint64_t expired = 0;    // items that left because their deadline had passed
  std::uint64_t refused = 0;    // stores refused for size or memory
};

/// How often a key was written to, for one who watches it; see Keyspace::watch().
using ChangeCount = std::uint32_t;

/// A key that is about to be asked for. Only the cache that made it knows what it says.
struct KeyHint {
  std::uint64_t hash = 0;
  Database database = 0;
  const void* line = nullptr;
};

/// Everything that can be asked of keys and values. Thread rules are those of the object that offers it.
class Keyspace : public KeyedCalls {
 public:
  using ManyVisitor = FunctionRef<void(std::size_t index, const ItemView* item)>;  // null: absent
  using ScanVisitor = FunctionRef<void(Bytes key, const ItemView& item)>;
  using Body = FunctionRef<void(Keyspace& locked)>;

  /// As get for each key, `visit` being called once for each index in order. Not atomic: other calls may come
  /// between.
  virtual void get_many(Database database, std::span<const Bytes> keys, TimePoint now, ManyVisitor visit) = 0;

  /// Runs `body` while the shards of all `keys` are locked (in ascending order, so that two of these never
  /// wait for each other): nobody sees a state in between. The body calls only what it is handed, only on
  /// `keys`, in any database: single keys, get_many() and with_keys() again.
  virtual void with_keys(std::span<const Bytes> keys, Body body) = 0;

  /// The same with all shards, so that the body may call anything of what it is handed. Everybody else waits.
  virtual void with_everything(Body body) = 0;

  /// From now on writes to the key are counted, whether or not it is there, until unwatch() is called as
  /// often. A write that is told of may have been another key's; none is missed. An exchange of its database
  /// is a write of a key that is in one of the two. That the key expires, is evicted or cleared is none: look
  /// whether it is there. watch() and watched() in a body that holds the key's lock, unwatch() anywhere.
  /// watch() may throw std::bad_alloc; then nothing is counted.
  virtual ChangeCount watch(Database database, Bytes key) = 0;
  [[nodiscard]] virtual ChangeCount watched(Database database, Bytes key) = 0;
  virtual void unwatch(Database database, Bytes key) = 0;

  /// Shows about `count` items of one database and says where to go on. An item that is there from the first
  /// call to the last is shown at least once, however the cache grows or shrinks in between. Not a use of the
  /// items.
  virtual Cursor scan(Database database, Cursor cursor, std::size_t count, TimePoint now,
                      ScanVisitor visit) = 0;

  /// Forgets one database, shard by shard.
  virtual void clear(Database database) = 0;

  /// Forgets everything, shard by shard.
  virtual void clear_all() = 0;

  /// Exchanges the contents of two databases, in the time of two look-ups for each key that is watched.
  virtual void swap_databases(Database a, Database b, TimePoint now) = 0;

  /// Items of one database, expired ones that are not swept yet included.
  [[nodiscard]] virtual std::size_t item_count(Database database) const = 0;

  /// Those of them that have a deadline.
  [[nodiscard]] virtual std::size_t deadline_count(Database database) const = 0;

  [[nodiscard]] virtual CacheStats stats() const = 0;
};

/// The memory limits that a cache can work with, in bytes.
struct MemoryLimitRange {
  std::size_t least = 0;
  std::size_t most = 0;
};

/// A cache. Every call may come from any thread at any time.
///
/// Units      sizes are bytes, times are wall time
/// Errors     none but the outcomes above; running out of memory is one of them
/// Invariant  stats().memory_used <= stats().memory_limit_in_force and stats().items <= items_max, between
///            calls
class Cache : public Keyspace {
 public:
  /// Room for a value of this size that will be stored under a key of at most `key_size_max`. Null: it is too
  /// small to be worth it, this back end has no such thing, or too much is on its way already.
  [[nodiscard]] virtual std::unique_ptr<Draft> draft(std::size_t value_size, std::size_t key_size_max) = 0;

  /// For a call on this key that comes soon. Is no use of the item, changes nothing and promises nothing, and
  /// nor do the next two.
  [[nodiscard]] virtual KeyHint hint(Database database, Bytes key) const = 0;
  /// Has what such calls read first fetched from memory, where the back end knows what that is. Waits for
  /// nothing, unless there are more than a core can have under way.
  virtual void fetch_index(std::span<const KeyHint> hints) const = 0;
  /// The same for what they read next: worth while for a few hints together, since it waits for what
  /// fetch_index() has asked for.
  virtual void fetch_records(std::span<const KeyHint> hints) const = 0;

  /// The memory limit: as it was asked for, at the start or since. This and the next two take no lock that
  /// a body holds: one may call them.
  [[nodiscard]] virtual std::size_t memory_limit() const = 0;
  /// What it may be set to; the same for as long as the cache is there.
  [[nodiscard]] virtual MemoryLimitRange memory_limit_range() const = 0;
  /// Changes it. False: `size` is not in that range, and nothing has changed. A higher one holds at once.
  /// Down to a lower one the limit that is in force follows as sweep() finds, or evicts, what makes room for
  /// it; meanwhile a value that is too large for the lower one is refused as such.
  virtual bool set_memory_limit(std::size_t size) = 0;

  /// Frees expired items, and evicts down to a lowered memory limit, looking at no more than about
  /// `visit_count_max` places. Called a few times a second, and again while it answers true, it frees every
  /// expired item within a few seconds without anybody reading it. True: it stopped for that bound, and more
  /// may be due.
  virtual bool sweep(TimePoint now, std::size_t visit_count_max) = 0;
};

}  // namespace larder::cache
