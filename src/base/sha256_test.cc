// SHA-256. Method: the digests that another implementation (Python's hashlib) has for the same bytes, at
// lengths around the ends of blocks.
#include "base/sha256.h"

#include <gtest/gtest.h>
#include <string>

namespace larder {
namespace {

std::string digest(Bytes bytes) { return sha256_text(sha256(bytes)); }

TEST(Sha256, IsWhatOthersSay) {
  EXPECT_EQ(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(digest(all), "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880");
}

TEST(Sha256, FillsBlocksOfAnyLength) {
  const auto of_a = [](std::size_t size) { return digest(std::string(size, 'a')); };
  EXPECT_EQ(of_a(55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  EXPECT_EQ(of_a(56), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  EXPECT_EQ(of_a(63), "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
  EXPECT_EQ(of_a(64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
  EXPECT_EQ(of_a(119), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb");
  EXPECT_EQ(of_a(120), "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c");
  EXPECT_EQ(of_a(1000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

TEST(Sha256, ComparesEveryByte) {
  const Sha256 hash = sha256("secret");
  EXPECT_TRUE(equals_in_constant_time(hash, sha256("secret")));
  for (std::size_t i = 0; i < hash.size(); ++i) {
    Sha256 other = hash;
    other[i] ^= 0x80;
    EXPECT_FALSE(equals_in_constant_time(hash, other)) << i;
  }
}

}  // namespace
}  // namespace larder
