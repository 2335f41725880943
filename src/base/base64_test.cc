// Base64. Method: the samples of RFC 4648, every length of random bytes there and back, and texts that are
// nearly right.
#include "base/base64.h"

#include <gtest/gtest.h>
#include <string>
#include <utility>

#include "base/random.h"

namespace larder {
namespace {

TEST(Base64, GivesTheSamplesOfTheStandard) {
  for (const auto& [bytes, text] : {std::pair<Bytes, Bytes>{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, GivesBackWhatItWasGiven) {
  SplitMix64 random(1);
  std::string bytes;
  for (int size = 0; size < 100; ++size) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    bytes += static_cast<char>(random.next());
  }
}

TEST(Base64, RefusesWhatItWouldNotGive) {
  for (const Bytes text : {"Z", "Zg", "Zg=", "Zg===", "====", "=", "Zh==", "Zm9=", "Zm8",
                           "Z=g=", "Zg==Zg==", " Zg==", "Zg==\n", "Zm-v", "Zm_v", "Zm9v===="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

}  // namespace
}  // namespace larder
