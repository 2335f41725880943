// cache/policy/belady.h: Belady's MIN, which knows the future.
//
// Evicts the object whose next use lies furthest ahead. No cache can do this; it shows how much any could
// gain.
//
//   asked for:  a b c | a d b ...          capacity 3, d comes in
//   next use:   a: never  b: soon  c: never      -> one of those that never come back leaves
//
// With one size for all objects this is the optimum among policies that admit what they miss. With unequal
// sizes the optimum is NP-hard to find, and this is a ceiling by habit, not by proof: another policy may beat
// it.
//
// Source: Belady, "A Study of Replacement Algorithms for a Virtual-Storage Computer", IBM Systems Journal
// 5(2), 1966; the proof: Mattson, Gecsei, Slutz, Traiger, "Evaluation Techniques for Storage Hierarchies",
// IBM Systems Journal 9(2), 1970.
// Differs from the paper: entries have sizes, so one insert may evict several.
#pragma once

#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cache/policy/policy.h"

namespace larder::cache::policy {

/// Evicts what will not be asked for longest. Takes 8 bytes for each request of the future.
///
/// Units      as PolicyOptions::capacity; a time is an index into the future
/// Ownership  borrows the future, which outlives it
/// Threads    one at a time; takes no lock
/// Errors     none: request() asserts that what is asked for is what the future said
/// Invariant  by_next_use_ and index_ hold the same objects; a next use is later than every request so far
class Belady final : public Policy {
 public:
  explicit Belady(const PolicyOptions& options);

  bool request(const Request& request) override;
  [[nodiscard]] bool contains(std::uint64_t id) const override { return index_.contains(id); }
  [[nodiscard]] std::uint64_t resident_size() const override { return resident_size_; }
  [[nodiscard]] std::size_t resident_count() const override { return index_.size(); }
  void walk(Visitor show) const override;

 private:
  struct Entry {
    std::uint64_t size;
    std::uint64_t next_use;
  };

  void evict();

  std::uint64_t capacity_;
  std::span<const Request> future_;
  std::vector<std::uint64_t> next_use_;  // of the object asked for at an index; never_again if there is none
  std::uint64_t now_ = 0;
  std::uint64_t resident_size_ = 0;
  std::unordered_map<std::uint64_t, Entry> index_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_next_use_;  // next use, id
};

}  // namespace larder::cache::policy
