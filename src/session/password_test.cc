// The password. Method: words that are nearly right.
#include "session/password.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::session {
namespace {

TEST(Password, IsMatchedByItselfAlone) {
  Password password;
  EXPECT_FALSE(password.is_set());
  EXPECT_TRUE(password.matches("anything"));
  const std::string text("two\0words", 9);
  password.set(text);
  EXPECT_TRUE(password.is_set());
  EXPECT_TRUE(password.matches(text));
  EXPECT_EQ(password.text(), text);
  for (const Bytes guess : {"", "two", "Two\0words", "two\0word", "two\0words "}) {
    EXPECT_FALSE(password.matches(guess)) << guess;
  }
  EXPECT_FALSE(password.matches(text + '\0'));
}

TEST(Password, IsGoneWhenItIsEmpty) {
  Password password;
  password.set("secret");
  EXPECT_EQ(password.digest_text(), "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
  password.set("");
  EXPECT_FALSE(password.is_set());
  EXPECT_TRUE(password.matches("anything"));
  EXPECT_EQ(password.digest_text(), "");
}

}  // namespace
}  // namespace larder::session
