#include "tools/trace/value_size.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/assert.h"

namespace larder::tools {

std::string object_key(std::uint64_t id) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string key = "object:0000000000000000";
  std::uint64_t rest = mix(id);
  for (std::size_t i = key.size(); rest != 0; rest >>= 4) key[--i] = digits[rest & 15];
  return key;
}

std::uint64_t log_normal_value_size(std::uint64_t id, std::uint64_t mean_size) {
  constexpr double two_to_53 = 9007199254740992.0;
  const std::uint64_t bits = mix(id * 7919 + 1);
  const double u1 = (static_cast<double>(bits >> 11) + 1) / (two_to_53 + 1);
  const double u2 = static_cast<double>(mix(bits) >> 11) / two_to_53;
  const double normal = std::sqrt(-2 * std::log(u1)) * std::cos(2 * std::numbers::pi * u2);
  // A log-normal number's mean is exp(mu + 1/2) where its deviation is 1.
  const double size = std::exp(std::log(static_cast<double>(mean_size)) - 0.5 + normal);
  return static_cast<std::uint64_t>(std::clamp(size, 1.0, static_cast<double>(log_normal_value_size_max)));
}

std::string object_value(Bytes key, std::uint64_t size) {
  LARDER_ASSERT(!key.empty());
  std::string value;
  value.reserve(size);
  while (value.size() < size) value += key.substr(0, size - value.size());
  return value;
}

bool is_object_value(Bytes value, Bytes key, std::uint64_t size) {
  if (value.size() != size) return false;
  for (; !value.empty(); value.remove_prefix(std::min(key.size(), value.size()))) {
    if (value.substr(0, key.size()) != key.substr(0, value.size())) return false;
  }
  return true;
}

}  // namespace larder::tools
