#include "tools/trace/value_size.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/assert.h"

namespace larder::tools {

std::string object_key(std::uint64_t id) {
  std::string key(object_key_size, '\0');
  write_object_key(id, key.data());
  return key;
}

void write_object_key(std::uint64_t id, char* target) {
  static constexpr Bytes prefix = "object:";
  static constexpr char digits[] = "0123456789abcdef";
  static_assert(prefix.size() + 16 == object_key_size);
  std::memcpy(target, prefix.data(), prefix.size());
  std::uint64_t rest = mix(id);
  for (std::size_t i = object_key_size; i > prefix.size(); rest >>= 4) target[--i] = digits[rest & 15];
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
  std::string value;
  append_object_value(key, size, value);
  return value;
}

void append_object_value(Bytes key, std::uint64_t size, std::string& target) {
  LARDER_ASSERT(!key.empty());
  const std::size_t start = target.size();
  target.resize(start + size);
  char* const value = target.data() + start;
  std::size_t filled_size = std::min<std::size_t>(key.size(), size);
  std::memcpy(value, key.data(), filled_size);
  // What is there already is whole keys: each copy doubles it.
  while (filled_size < size) {
    const std::size_t copied_size = std::min(filled_size, static_cast<std::size_t>(size) - filled_size);
    std::memcpy(value + filled_size, value, copied_size);
    filled_size += copied_size;
  }
}

bool is_object_value(Bytes value, Bytes key, std::uint64_t size) {
  if (value.size() != size) return false;
  for (; !value.empty(); value.remove_prefix(std::min(key.size(), value.size()))) {
    if (value.substr(0, key.size()) != key.substr(0, value.size())) return false;
  }
  return true;
}

}  // namespace larder::tools
