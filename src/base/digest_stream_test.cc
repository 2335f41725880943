// A digest of portions is that of the whole, however it is cut. Method: sizes around every block of the hash,
// in portions of several sizes.
#include "base/digest_stream.h"

#include <cstddef>
#include <gtest/gtest.h>
#include <string>

#include "base/hash.h"

namespace larder {
namespace {

TEST(DigestStream, IsTheDigestOfTheWhole) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes.push_back(static_cast<char>(i * 7));
  for (const std::size_t size : {0U, 1U, 16U, 17U, 128U, 129U, 240U, 241U, 256U, 1024U, 1025U, 5000U}) {
    const Bytes whole = Bytes(bytes).substr(0, size);
    for (const std::size_t portion : {1U, 63U, 64U, 256U, 1000U, 5000U}) {
      DigestStream stream;
      for (std::size_t offset = 0; offset < size; offset += portion)
        stream.add(whole.substr(offset, portion));
      EXPECT_EQ(stream.value(), digest64(whole)) << size << " " << portion;
    }
  }
}

}  // namespace
}  // namespace larder
