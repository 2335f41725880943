#include "cache/segment/record.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.h"

namespace larder::cache::segment {
namespace {

static_assert(std::endian::native == std::endian::little, "fields are copied as they lie in memory");

constexpr std::uint32_t flag_deadline = 1;
constexpr std::uint32_t flag_wide = 2;
constexpr std::uint32_t flag_database = 4;
constexpr std::uint32_t flag_large = 8;
constexpr std::uint32_t flags_pad = flag_large | flag_wide;
constexpr std::uint32_t flags_filler = flag_large | flag_wide | flag_deadline;

constexpr unsigned flag_bit_count = 4;
constexpr unsigned key_bit_count = 8;
constexpr std::uint32_t flag_mask = (1U << flag_bit_count) - 1;
constexpr std::uint32_t key_mask = (1U << key_bit_count) - 1;

constexpr std::size_t wide_field_size = 2;
constexpr std::size_t database_field_size = 1;
constexpr std::size_t narrow_deadline_size = 6;
constexpr std::size_t wide_deadline_size = 8;

// All ones: no deadline, in a field that is there all the same.
constexpr std::uint64_t narrow_never = (std::uint64_t{1} << 48) - 1;
constexpr std::uint64_t wide_never = ~std::uint64_t{0} >> 1;
static_assert(no_deadline.time_since_epoch().count() == static_cast<std::int64_t>(wide_never));

constexpr std::size_t deadline_size(bool wide) { return wide ? wide_deadline_size : narrow_deadline_size; }

template <class T>
std::size_t put(char* target, T value, std::size_t size = sizeof(T)) {
  std::memcpy(target, &value, size);
  return size;
}

template <class T>
T take(const std::byte* source, std::size_t size = sizeof(T)) {
  T value{};
  std::memcpy(&value, source, size);
  return value;
}

}  // namespace

bool fits_narrow(TimePoint deadline) {
  const auto ms = deadline.time_since_epoch().count();
  return deadline == no_deadline || (ms >= 0 && static_cast<std::uint64_t>(ms) < narrow_never);
}

bool RecordShape::is_wide() const {
  return !is_large && (key_size > narrow_key_size_max || !fits_narrow(deadline));
}

// A stub has no wide form; a large item with an odd date keeps its deadline in 8 bytes by having none of the
// narrow kind: see encode_head.
std::size_t RecordShape::head_size() const {
  std::size_t size = header_size;
  if (is_wide()) size += wide_field_size;
  if (database != 0) size += database_field_size;
  if (is_large) return size + (has_deadline() ? wide_deadline_size : 0) + sizeof(Large);
  if (has_deadline()) size += deadline_size(is_wide());
  return size;
}

std::size_t encode_deadline(TimePoint deadline, bool wide, std::array<char, 8>& target) {
  const auto ms = static_cast<std::uint64_t>(deadline.time_since_epoch().count());
  return put(target.data(), !wide && deadline == no_deadline ? narrow_never : ms, deadline_size(wide));
}

std::size_t encode_head(const RecordShape& shape, const Large& large,
                        std::array<char, head_size_max>& target) {
  const bool wide = shape.is_wide();
  std::uint32_t flags = 0;
  if (shape.has_deadline()) flags |= flag_deadline;
  if (wide) flags |= flag_wide;
  if (shape.database != 0) flags |= flag_database;
  if (shape.is_large) flags |= flag_large;
  const auto key_size = shape.is_large ? 0U : static_cast<std::uint32_t>(shape.key_size);
  const auto value_size = shape.is_large ? 0U : static_cast<std::uint32_t>(shape.value_size);
  LARDER_ASSERT(key_size <= wide_key_size_max);
  LARDER_ASSERT(value_size <= value_size_limit);

  char* const begin = target.data();
  char* at = begin;
  at += put(at,
            flags | (key_size & key_mask) << flag_bit_count | value_size << (flag_bit_count + key_bit_count));
  if (wide) at += put(at, static_cast<std::uint16_t>(key_size >> key_bit_count));
  if (shape.database != 0) at += put(at, shape.database);
  if (shape.has_deadline()) {
    std::array<char, 8> field{};
    const std::size_t size = encode_deadline(shape.deadline, wide || shape.is_large, field);
    std::memcpy(at, field.data(), size);
    at += size;
  }
  if (shape.is_large) at += put(at, large);
  return static_cast<std::size_t>(at - begin);
}

std::size_t encode_gap(std::size_t size, std::array<char, header_size>& target) {
  if (size < header_size) {
    target.fill(static_cast<char>(flags_pad));
    return size;
  }
  return put(target.data(), static_cast<std::uint32_t>(flags_filler | size << flag_bit_count));
}

std::optional<Record> decode(const std::byte* bytes, std::size_t available, bool whole) {
  if (available == 0) return std::nullopt;
  Record record;
  const std::uint32_t flags = take<std::uint8_t>(bytes) & flag_mask;
  if (flags == flags_pad) {
    record.size = 1;
    return record;
  }
  if (available < header_size) return std::nullopt;
  const auto header = take<std::uint32_t>(bytes);
  if (flags == flags_filler) {
    record.size = header >> flag_bit_count;
    if (record.size < header_size || (whole && record.size > available)) return std::nullopt;
    return record;
  }
  if ((flags & flags_pad) == flags_pad) return std::nullopt;

  record.is_item = true;
  record.is_wide = (flags & flag_wide) != 0;
  record.is_large = (flags & flag_large) != 0;
  record.has_deadline = (flags & flag_deadline) != 0;
  record.key_size = header >> flag_bit_count & key_mask;
  record.value_size = header >> (flag_bit_count + key_bit_count);
  const std::size_t deadline_field_size =
      record.has_deadline ? deadline_size(record.is_wide || record.is_large) : 0;
  const bool has_database = (flags & flag_database) != 0;
  std::size_t at = header_size;
  record.key_offset = at + (record.is_wide ? wide_field_size : 0) + (has_database ? database_field_size : 0) +
                      deadline_field_size + (record.is_large ? sizeof(Large) : 0);
  if (record.key_offset > available) return std::nullopt;
  if (record.is_wide) {
    record.key_size |= static_cast<std::size_t>(take<std::uint16_t>(bytes + at)) << key_bit_count;
    at += wide_field_size;
  }
  if (has_database) {
    record.database = take<std::uint8_t>(bytes + at) % database_count;
    at += database_field_size;
  }
  if (record.has_deadline) {
    record.deadline_offset = at;
    const auto ms = take<std::uint64_t>(bytes + at, deadline_field_size);
    const std::uint64_t never = deadline_field_size == wide_deadline_size ? wide_never : narrow_never;
    if (ms != never) record.deadline = TimePoint(Duration(static_cast<std::int64_t>(ms)));
    at += deadline_field_size;
  }
  record.size = record.key_offset;
  if (record.is_large) {
    record.large = take<Large>(bytes + at);
    record.key_size = static_cast<std::size_t>(record.large.key_size);
    record.value_size = static_cast<std::size_t>(record.large.value_size);
  } else {
    record.size += record.key_size + record.value_size;
  }
  if (whole && record.size > available) return std::nullopt;
  return record;
}

}  // namespace larder::cache::segment
