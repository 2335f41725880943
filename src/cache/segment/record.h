// cache/segment/record.h: how one item lies in the log.
//
//   +------------------------------+---------------------------------------+-----------+-------------+
//   | header, 4 bytes              | optional fields, in this order        | key bytes | value bytes |
//   | flags 4 | key 8 | value 20   | wide 2 | database 1 | deadline 6 or 8 |           |             |
//   +------------------------------+---------------------------------------+-----------+-------------+
//
// A record costs 4 bytes beyond key and value, 10 with a deadline, and begins at any byte. The flags say
// which fields follow:
//
//   deadline   milliseconds since 1970, 6 bytes (until the year 10889); 8 in a wide record
//   wide       2 more bytes of key length, and a deadline of 8 bytes: keys of 256 bytes and more, odd dates
//   database   1 byte; without it the database is 0
//   large      value and key lie in pages of their own (large_values.h); the record is a stub that says where
//
// Two more things lie between records, told apart by flags that no record has (large and wide together):
//
//   filler     4 bytes that say how many bytes to skip, themselves included: what an overwrite in place left
//   pad        one byte to skip, where there was no room for a filler
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "cache/backend.h"
#include "cache/rules.h"
#include "cache/shard.h"

namespace larder::cache::segment {

inline constexpr std::size_t header_size = 4;
inline constexpr std::size_t value_size_limit = (std::size_t{1} << 20) - 1;
inline constexpr std::size_t narrow_key_size_max = 255;
inline constexpr std::size_t wide_key_size_max = (std::size_t{1} << 24) - 1;

/// Where a large item's bytes are: value first, key behind it.
struct Large {
  std::uint64_t hash = 0;     // of the key, so that nobody has to read it all again
  std::uint64_t address = 0;  // of the value
  std::uint64_t key_size = 0;
  std::uint64_t value_size = 0;
};

/// What decides how a record is laid out.
struct RecordShape {
  std::size_t key_size = 0;
  std::size_t value_size = 0;
  TimePoint deadline = no_deadline;
  Database database = 0;
  bool is_large = false;

  [[nodiscard]] bool has_deadline() const { return deadline != no_deadline; }
  [[nodiscard]] bool is_wide() const;
  /// Header and optional fields, the stub of a large item included.
  [[nodiscard]] std::size_t head_size() const;
  /// The whole record.
  [[nodiscard]] std::size_t size() const { return head_size() + (is_large ? 0 : key_size + value_size); }
};

/// The most bytes that come before the key.
inline constexpr std::size_t head_size_max = header_size + 2 + 1 + 8 + sizeof(Large);

/// Header and fields as bytes; answers how many there are.
[[nodiscard]] std::size_t encode_head(const RecordShape& shape, const Large& large,
                                      std::array<char, head_size_max>& target);

/// A filler of 4 bytes or more, or pads; answers how many bytes of `target` to write.
[[nodiscard]] std::size_t encode_gap(std::size_t size, std::array<char, header_size>& target);

/// What stands at one place of the log. Views borrow the bytes that it was decoded from.
struct Record {
  std::size_t size = 0;       // to the next place
  bool is_item = false;       // false: a gap to step over
  bool is_large = false;      // key and value are where `large` says, not here
  bool has_deadline = false;  // there is a field for one, even if it says "none"
  bool is_wide = false;
  Database database = 0;
  TimePoint deadline = no_deadline;
  std::size_t deadline_offset = 0;  // of the field, from the record's first byte
  std::size_t key_offset = 0;
  std::size_t key_size = 0;
  std::size_t value_size = 0;
  Large large;
};

/// Reads the head. `available` bytes may be read from `bytes` on; none: what stands there is no record that
/// fits into them, which only a reader without a lock ever meets. A record may be longer than `available` by
/// its key and value if `whole` is false.
[[nodiscard]] std::optional<Record> decode(const std::byte* bytes, std::size_t available, bool whole = true);

/// A record of the two plain kinds, with or without a deadline, from its first sixteen bytes: what nearly
/// every lookup meets, told without a copy. None: it is of another kind, which decode() reads.
struct PlainRecord {
  std::uint32_t key_offset;
  std::uint32_t key_size;
  std::uint32_t value_size;
  TimePoint deadline;

  [[nodiscard]] std::size_t size() const { return std::size_t{key_offset} + key_size + value_size; }
};
[[nodiscard]] inline std::optional<PlainRecord> decode_plain(std::uint64_t first, std::uint64_t second) {
  constexpr std::uint32_t flag_deadline = 1;
  constexpr std::uint64_t never = (std::uint64_t{1} << 48) - 1;
  const auto header = static_cast<std::uint32_t>(first);
  const std::uint32_t flags = header & 0xFU;
  if (flags > flag_deadline) return std::nullopt;
  PlainRecord record{.key_offset = header_size,
                     .key_size = header >> 4 & 0xFFU,
                     .value_size = header >> 12,
                     .deadline = no_deadline};
  if (flags == flag_deadline) {
    record.key_offset += 6;
    const std::uint64_t ms = first >> 32 | (second & 0xFFFFU) << 32;
    if (ms != never) record.deadline = TimePoint(Duration(static_cast<std::int64_t>(ms)));
  }
  return record;
}

/// A deadline field as bytes; `wide` as the record is. no_deadline is written as all ones.
[[nodiscard]] std::size_t encode_deadline(TimePoint deadline, bool wide, std::array<char, 8>& target);

/// True if `deadline` can be written into a field of 6 bytes.
[[nodiscard]] bool fits_narrow(TimePoint deadline);

}  // namespace larder::cache::segment
