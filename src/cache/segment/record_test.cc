// Every record decodes to what was encoded, and no bytes at all make the decoder read or claim too much.
// Method: all shapes at the edges of their fields are written out and read back; cut short at each byte and
// placed right before a page that may not be read; then random bytes, at the end of such a page, too.
#include "cache/segment/record.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "cache/segment/region.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

// Bytes that end where reading on would be a crash.
class GuardedBytes final {
 public:
  static constexpr std::size_t size_max = 16 * page_size;

  GuardedBytes() {
    void* const mapping =
        ::mmap(nullptr, size_max + page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(mapping, MAP_FAILED);
    data_ = static_cast<std::byte*>(mapping);
    EXPECT_EQ(::mprotect(data_ + size_max, page_size, PROT_NONE), 0);
  }
  ~GuardedBytes() { ::munmap(data_, size_max + page_size); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  // A copy of `bytes` whose last byte is the last that may be read.
  const std::byte* place(Bytes bytes) {
    std::byte* const target = data_ + size_max - bytes.size();
    if (!bytes.empty()) std::memcpy(target, bytes.data(), bytes.size());
    return target;
  }

 private:
  std::byte* data_ = nullptr;
};

constexpr Large some_extent{
    .hash = 0x0123456789ABCDEF, .address = 0xFEDCBA987654, .key_size = 7, .value_size = 1U << 30};

std::string encoded(const RecordShape& shape, char key_byte = 'k', char value_byte = 'v') {
  std::array<char, head_size_max> head{};
  std::string bytes(head.data(), encode_head(shape, shape.is_large ? some_extent : Large(), head));
  if (!shape.is_large) {
    bytes.append(shape.key_size, key_byte);
    bytes.append(shape.value_size, value_byte);
  }
  return bytes;
}

TimePoint ms(std::int64_t count) { return TimePoint(Duration(count)); }

std::vector<RecordShape> all_shapes(std::size_t value_size_most) {
  std::vector<RecordShape> shapes;
  const std::array deadlines = {no_deadline,
                                ms(0),
                                ms(1),
                                at(0),
                                ms((std::int64_t{1} << 48) - 2),
                                ms((std::int64_t{1} << 48) - 1),
                                ms(std::int64_t{1} << 48),
                                ms(-1),
                                ms(std::numeric_limits<std::int64_t>::min()),
                                ms(std::numeric_limits<std::int64_t>::max() - 1)};
  for (const std::size_t key_size : {0U, 1U, 7U, 8U, 254U, 255U, 256U, 257U, 65'535U, 65'536U}) {
    for (const std::size_t value_size : {std::size_t{0}, std::size_t{1}, std::size_t{300}, value_size_most}) {
      for (const TimePoint deadline : deadlines) {
        for (const Database database : {Database{0}, Database{1}, Database{15}}) {
          for (const bool is_large : {false, true}) {
            shapes.push_back({.key_size = key_size,
                              .value_size = value_size,
                              .deadline = deadline,
                              .database = database,
                              .is_large = is_large});
          }
        }
      }
    }
  }
  return shapes;
}

const std::byte* bytes_of(const std::string& text) { return reinterpret_cast<const std::byte*>(text.data()); }

TEST(Record, EveryShapeDecodesToItself) {
  for (const RecordShape& shape : all_shapes(70'000)) {
    const std::string bytes = encoded(shape);
    ASSERT_EQ(bytes.size(), shape.size());
    ASSERT_LE(shape.head_size(), head_size_max);
    const auto record = decode(bytes_of(bytes), bytes.size());
    ASSERT_TRUE(record.has_value());
    ASSERT_TRUE(record->is_item);
    ASSERT_EQ(record->size, bytes.size());
    ASSERT_EQ(record->is_large, shape.is_large);
    ASSERT_EQ(record->deadline, shape.deadline);
    ASSERT_EQ(record->has_deadline, shape.has_deadline());
    ASSERT_EQ(record->database, shape.database);
    if (shape.is_large) {
      ASSERT_EQ(record->large.hash, some_extent.hash);
      ASSERT_EQ(record->large.address, some_extent.address);
      ASSERT_EQ(record->key_size, some_extent.key_size);
      ASSERT_EQ(record->value_size, some_extent.value_size);
    } else {
      ASSERT_EQ(record->key_size, shape.key_size);
      ASSERT_EQ(record->value_size, shape.value_size);
      ASSERT_EQ(record->key_offset, shape.head_size());
      ASSERT_EQ(record->key_offset + record->key_size + record->value_size, record->size);
    }
  }
}

TEST(Record, TheLargestValueOfTheLogDecodesToItself) {
  const RecordShape shape{.key_size = narrow_key_size_max, .value_size = value_size_limit};
  const std::string bytes = encoded(shape);
  const auto record = decode(bytes_of(bytes), bytes.size());
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->value_size, value_size_limit);
  EXPECT_EQ(record->size, header_size + narrow_key_size_max + value_size_limit);
}

TEST(Record, CostsFourBytesAndSixMoreWithADeadline) {
  EXPECT_EQ((RecordShape{.key_size = 20, .value_size = 100}.head_size()), 4U);
  EXPECT_EQ((RecordShape{.key_size = 20, .value_size = 100, .deadline = at(0)}.head_size()), 10U);
  EXPECT_EQ((RecordShape{.key_size = 20, .value_size = 100, .database = 3}.head_size()), 5U);
}

TEST(Record, CutShortAtAnyByteItIsNoRecordAndNothingBeyondIsRead) {
  GuardedBytes guarded;
  for (const RecordShape& shape : all_shapes(40)) {
    if (shape.key_size > 257) continue;
    const std::string bytes = encoded(shape);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::byte* const placed = guarded.place(Bytes(bytes).substr(0, size));
      ASSERT_FALSE(decode(placed, size).has_value()) << size << " of " << bytes.size();
      const auto head = decode(placed, size, false);
      ASSERT_EQ(head.has_value(), size >= shape.head_size()) << size << " of " << bytes.size();
      if (!head) continue;
      ASSERT_EQ(head->size, bytes.size());
    }
    const std::byte* const placed = guarded.place(bytes);
    ASSERT_TRUE(decode(placed, bytes.size()).has_value());
  }
}

TEST(Record, RandomBytesNeverCrashTheDecoderNorClaimMoreThanIsThere) {
  GuardedBytes guarded;
  std::mt19937_64 random(1);
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) {
    bytes.resize(random() % 80);
    for (char& byte : bytes) byte = static_cast<char>(random());
    // Sizes of random records are enormous: half of the time the header says small ones.
    if (i % 2 == 0 && bytes.size() >= header_size) {
      bytes[1] = static_cast<char>(bytes[1] & 0x30);
      bytes[2] = 0;
      bytes[3] = 0;
    }
    const std::byte* const placed = guarded.place(bytes);
    for (const bool whole : {true, false}) {
      const auto record = decode(placed, bytes.size(), whole);
      if (!record) continue;
      ASSERT_GT(record->size, 0U);
      ASSERT_TRUE(!whole || record->size <= bytes.size());
      if (!record->is_item) continue;
      ASSERT_LT(record->database, database_count);
      ASSERT_LE(record->key_offset, bytes.size());
      if (record->is_large) {
        ASSERT_LE(record->size, bytes.size());
      } else {
        ASSERT_EQ(record->key_offset + record->key_size + record->value_size, record->size);
        ASSERT_LE(record->key_size, wide_key_size_max);
        ASSERT_LE(record->value_size, value_size_limit);
      }
    }
  }
}

TEST(Record, AGapOfAnySizeIsSteppedOverExactly) {
  for (std::size_t size = 1; size < 5000; ++size) {
    std::array<char, header_size> gap{};
    const std::size_t written = encode_gap(size, gap);
    ASSERT_LE(written, size);
    std::string bytes(size, '\xFF');  // what an older record left there
    bytes.replace(0, written, gap.data(), written);
    std::size_t offset = 0;
    while (offset < size) {
      const auto record = decode(bytes_of(bytes) + offset, size - offset);
      ASSERT_TRUE(record.has_value()) << "gap of " << size << " at " << offset;
      ASSERT_FALSE(record->is_item);
      offset += record->size;
    }
    ASSERT_EQ(offset, size);
    if (size < header_size) continue;
    ASSERT_FALSE(decode(bytes_of(bytes), size - 1).has_value());
  }
}

TEST(Record, PlainRecordsAreToldFromTheirFirstSixteenBytes) {
  for (const RecordShape& shape : all_shapes(70'000)) {
    std::string bytes = encoded(shape, '\xFF', '\xFF');
    bytes.resize(bytes.size() + 16, '\x77');
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), bytes.data(), sizeof words);
    const auto plain = decode_plain(words[0], words[1]);
    const auto record = decode(bytes_of(bytes), bytes.size());
    ASSERT_TRUE(record.has_value());
    const bool is_plain = !record->is_large && !record->is_wide && record->database == 0;
    ASSERT_EQ(plain.has_value(), is_plain);
    if (!plain) continue;
    ASSERT_EQ(plain->key_offset, record->key_offset);
    ASSERT_EQ(plain->key_size, record->key_size);
    ASSERT_EQ(plain->value_size, record->value_size);
    ASSERT_EQ(plain->deadline, record->deadline);
    ASSERT_EQ(plain->size(), record->size);
  }
  for (const std::size_t size : {1U, 2U, 3U, 4U, 100U}) {
    std::array<char, header_size> gap{};
    static_cast<void>(encode_gap(size, gap));
    std::uint32_t header = 0;
    std::memcpy(&header, gap.data(), sizeof header);
    EXPECT_FALSE(decode_plain(header, 0).has_value());
  }
}

TEST(Record, ADeadlineFieldCanSayNone) {
  for (const bool is_wide : {false, true}) {
    const RecordShape shape{.key_size = is_wide ? 300U : 3U, .value_size = 5, .deadline = at(0)};
    ASSERT_EQ(shape.is_wide(), is_wide);
    std::string bytes = encoded(shape);
    const std::size_t offset = decode(bytes_of(bytes), bytes.size())->deadline_offset;
    for (const TimePoint deadline : {no_deadline, at(77), no_deadline}) {
      std::array<char, 8> field{};
      const std::size_t size = encode_deadline(deadline, is_wide, field);
      bytes.replace(offset, size, field.data(), size);
      const auto record = decode(bytes_of(bytes), bytes.size());
      ASSERT_TRUE(record.has_value());
      EXPECT_EQ(record->deadline, deadline);
      EXPECT_TRUE(record->has_deadline);
      EXPECT_EQ(record->size, shape.size());
      EXPECT_EQ(record->key_offset, shape.head_size());
    }
  }
}

TEST(Record, ANarrowFieldHoldsDatesFrom1970OnForNineThousandYears) {
  EXPECT_TRUE(fits_narrow(ms(0)));
  EXPECT_TRUE(fits_narrow(ms((std::int64_t{1} << 48) - 2)));
  EXPECT_TRUE(fits_narrow(no_deadline));
  EXPECT_FALSE(fits_narrow(ms((std::int64_t{1} << 48) - 1)));
  EXPECT_FALSE(fits_narrow(ms(-1)));
}

}  // namespace
}  // namespace larder::cache::segment
