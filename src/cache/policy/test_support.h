// cache/policy/test_support.h: short words for examples small enough to be worked by hand.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cache/policy/policy.h"

namespace larder::cache::policy::test {

/// Each letter is an object of size 1.
[[nodiscard]] inline std::vector<Request> requests(std::string_view letters) {
  std::vector<Request> all;
  for (const char letter : letters) all.push_back({.id = static_cast<std::uint64_t>(letter), .size = 1});
  return all;
}

/// Asks for one letter after the other; 'H' for each hit, '.' for each miss.
inline std::string play(Policy& policy, std::string_view letters) {
  std::string outcomes;
  for (const Request& request : requests(letters)) outcomes += policy.request(request) ? 'H' : '.';
  return outcomes;
}

/// The letters that are resident, in order of the alphabet.
[[nodiscard]] inline std::string residents(const Policy& policy) {
  std::string letters;
  policy.walk([&](const Request& entry) { letters += static_cast<char>(entry.id); });
  std::ranges::sort(letters);
  return letters;
}

/// The misses among `trace`, asked for in order.
inline std::size_t count_misses(Policy& policy, const std::vector<Request>& trace) {
  return static_cast<std::size_t>(
      std::ranges::count_if(trace, [&](const Request& request) { return !policy.request(request); }));
}

/// One that is made as a program makes it. Belady borrows `trace`.
[[nodiscard]] inline std::unique_ptr<Policy> make(std::string_view name, std::uint64_t capacity,
                                                  const std::vector<Request>& trace) {
  return make_policy(name, {.capacity = capacity, .future = trace}).value();
}

}  // namespace larder::cache::policy::test
