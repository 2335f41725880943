#include "tools/replay/cache_size.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/numbers.h"
#include "program/size_text.h"

namespace larder::tools {
namespace {

constexpr std::uint64_t percent_unit = 1'000'000;
constexpr std::uint64_t whole = 100 * percent_unit;
constexpr std::size_t decimals_max = 6;

// More bytes than any cache has; sums stay clear of 64 bits.
constexpr std::uint64_t capacity_max = std::uint64_t{1} << 62;

// "0.25" in millionths: exact, where a binary fraction would cut off an object too many.
std::optional<std::uint64_t> parse_millionths(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string decimals(text.substr(std::min(point + 1, text.size())));
  const bool has_point = point < text.size();
  if (decimals.size() > decimals_max || has_point == decimals.empty()) return std::nullopt;
  decimals.resize(decimals_max, '0');
  const std::optional<std::uint64_t> ones = parse_uint64(text.substr(0, point));
  const std::optional<std::uint64_t> millionths = parse_uint64(decimals);
  if (!ones || !millionths || *ones > 100) return std::nullopt;
  return *ones * percent_unit + *millionths;
}

}  // namespace

Result<CacheSize> parse_cache_size(std::string_view text) {
  const auto refused = [&](const std::string& reason) {
    return failure(ErrorKind::malformed, "'" + std::string(text) + "' " + reason);
  };
  CacheSize size{.text = std::string(text)};
  if (text.ends_with('%')) {
    const std::optional<std::uint64_t> share = parse_millionths(text.substr(0, text.size() - 1));
    if (!share || *share == 0 || *share > whole) {
      return refused("is no share: write a number above 0 up to 100, with up to six decimals, before the %");
    }
    size.number = *share;
    return size;
  }
  const Result<std::uint64_t> number = program::parse_size(text);
  if (!number) {
    return refused("is no cache size: write a share as in 5%, a number of objects, or bytes as in 16mb");
  }
  if (*number == 0) return refused("is no cache size: it is at least 1");
  size.kind = parse_uint64(text) ? CacheSizeKind::number : CacheSizeKind::bytes;
  size.number = *number;
  return size;
}

std::vector<CacheSize> curve_cache_sizes() {
  // Six to a decade; each a factor of about 1.5 above the last.
  static constexpr std::array<std::string_view, 19> shares{
      "0.1%", "0.15%", "0.2%", "0.3%", "0.5%", "0.7%", "1%",  "1.5%", "2%",  "3%",
      "5%",   "7%",    "10%",  "15%",  "20%",  "30%",  "50%", "70%",  "100%"};
  std::vector<CacheSize> sizes;
  sizes.reserve(shares.size());
  for (const std::string_view share : shares) sizes.push_back(*parse_cache_size(share));
  return sizes;
}

TraceTotals totals_of(const Trace& trace) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> objects;
  objects.reserve(trace.request_count());
  for (std::size_t i = 0; i < trace.request_count(); ++i) {
    objects.emplace_back(trace.ids[i], trace.has_sizes() ? trace.sizes[i] : 1);
  }
  std::ranges::sort(objects);
  TraceTotals totals;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    // The last of an object's entries is its largest.
    if (i + 1 < objects.size() && objects[i + 1].first == objects[i].first) continue;
    ++totals.object_count;
    totals.capacity = std::min(totals.capacity + objects[i].second, capacity_max);
  }
  return totals;
}

Result<std::uint64_t> capacity_of(const CacheSize& size, const TraceTotals& totals, bool has_sizes) {
  if (size.kind == CacheSizeKind::number) return size.number;
  if (size.kind == CacheSizeKind::bytes) {
    if (has_sizes) return size.number;
    return failure(ErrorKind::malformed,
                   "'" + size.text + "' is bytes, but the objects have no sizes: see --value-mean");
  }
  // total * share / whole, whose product may not fit into 64 bits.
  const std::uint64_t total = totals.capacity;
  const std::uint64_t capacity = total / whole * size.number + total % whole * size.number / whole;
  if (capacity == 0) {
    return failure(ErrorKind::malformed, "'" + size.text + "' of " + std::to_string(total) +
                                             (has_sizes ? " bytes" : " objects") + " is less than one");
  }
  return capacity;
}

}  // namespace larder::tools
