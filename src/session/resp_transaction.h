// session/resp_transaction.h: what a connection gathers between MULTI and EXEC, and the keys it watches.
//
//   WATCH k          is it there? from here on writes to it are counted
//   MULTI            from here on commands are kept
//   EXEC             all locks at once; has a watched key changed? if not, one command after the other
//
// The locks are those of the keys that the commands name, or all of them if a command reaches more than its
// keys. Nobody sees a state in between: no client, no other protocol, no sweep.
//
// A watched key has changed if it was written to, an exchange of its database with another included, or if it
// has come or gone in another way: expired, evicted, cleared.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "cache/backend.h"
#include "protocol/resp/inline_command.h"

namespace larder::session {

struct CommandSpec;
struct Limits;
struct RespCall;

/// The commands between MULTI and EXEC.
///
/// Units      bytes
/// Ownership  owns copies of the arguments
class Transaction final {
 public:
  /// Keeps a command. False: that would be more than `size_max` bytes in all.
  [[nodiscard]] bool add(const CommandSpec& spec, std::span<const Bytes> arguments, std::size_t size_max);

  /// A command was refused: EXEC will refuse them all.
  void spoil() { is_spoiled_ = true; }
  [[nodiscard]] bool is_spoiled() const { return is_spoiled_; }

  [[nodiscard]] std::size_t size() const { return commands_.size(); }
  [[nodiscard]] bool writes() const;
  [[nodiscard]] std::size_t held_size() const;

  struct Command {
    const CommandSpec* spec;
    std::span<const Bytes> arguments;
  };
  /// All of them, in order. They borrow from here.
  [[nodiscard]] std::vector<Command> commands(std::vector<Bytes>& storage) const;

 private:
  struct Kept {
    const CommandSpec* spec;
    std::size_t first;  // slice
    std::size_t count;
  };

  std::string text_;
  std::vector<protocol::Slice> slices_;
  std::vector<Kept> commands_;
  bool is_spoiled_ = false;
};

/// The keys under WATCH.
///
/// Ownership  what it was given first to look at keys in outlives it
class WatchedKeys final {
 public:
  WatchedKeys() = default;
  ~WatchedKeys() { clear(); }
  WatchedKeys(WatchedKeys&& other) noexcept { swap(other); }
  WatchedKeys& operator=(WatchedKeys&& other) noexcept {
    swap(other);
    return *this;
  }
  void swap(WatchedKeys& other) noexcept {
    looks_.swap(other.looks_);
    std::swap(held_size_, other.held_size_);
    std::swap(keys_, other.keys_);
  }

  /// Notes how `key` is now. A key that is watched already stays as it was noted first. False: that would be
  /// more than `size_max` bytes in all.
  [[nodiscard]] bool add(cache::Keyspace& keys, cache::Database database, Bytes key, TimePoint now,
                         std::size_t size_max);
  void clear();

  [[nodiscard]] std::size_t count() const { return looks_.size(); }
  [[nodiscard]] std::size_t held_size() const { return held_size_; }
  /// Whether any of them is another than it was. Their shards are locked.
  [[nodiscard]] bool have_changed(cache::Keyspace& locked, TimePoint now) const;
  template <class Visit>
  void each(Visit visit) const {
    for (const auto& [key, look] : looks_) visit(Bytes(key.second));
  }

 private:
  struct Look {
    bool is_there = false;
    cache::ChangeCount change_count = 0;
  };
  using Key = std::pair<cache::Database, std::string>;

  std::map<Key, Look> looks_;
  std::size_t held_size_ = 0;
  cache::Keyspace* keys_ = nullptr;  // who counts
};

/// Bytes that one connection may keep in a transaction, and as much again in watched keys: two of the largest
/// values, and 64 MiB in any case.
[[nodiscard]] std::size_t transaction_size_max(const Limits& limits);

void handle_discard(RespCall& call);
void handle_exec(RespCall& call);
void handle_multi(RespCall& call);
void handle_unwatch(RespCall& call);
void handle_watch(RespCall& call);

}  // namespace larder::session
