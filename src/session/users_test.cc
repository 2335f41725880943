// Users. Method: lists in place of lists, and what is found afterwards.
#include "session/users.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::session {
namespace {

User user(const std::string& name, std::uint64_t n = 2) {
  return {.name = name, .password = {.n = n, .r = 1, .salt = "12345678", .hash = std::string(32, 'h')}};
}

TEST(User, MayDoWhatItsRightsSay) {
  const User reader{.name = "r", .password = {}, .rights = read_right};
  EXPECT_TRUE(reader.may(0));
  EXPECT_TRUE(reader.may(read_right));
  EXPECT_FALSE(reader.may(write_right));
  EXPECT_FALSE(reader.may(read_right | admin_right));
}

TEST(User, ReachesKeysByTheirPrefixes) {
  User limited = user("a");
  EXPECT_TRUE(limited.may_reach(""));
  EXPECT_TRUE(limited.may_reach("k"));
  limited.prefixes = {"app:", "x"};
  EXPECT_TRUE(limited.may_reach("app:"));
  EXPECT_TRUE(limited.may_reach("xyz"));
  EXPECT_FALSE(limited.may_reach("app"));
  EXPECT_FALSE(limited.may_reach(""));
  EXPECT_FALSE(limited.may_reach("yx"));
}

TEST(UserRegistry, HasTheUsersThatWereSetLast) {
  UserRegistry users;
  EXPECT_FALSE(users.is_set());
  EXPECT_EQ(users.find("a"), nullptr);
  users.set({user("b"), user("a")});
  EXPECT_TRUE(users.is_set());
  const auto before = users.find("a");
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(users.all().front()->name, "a");
  const std::uint64_t generation = users.generation();
  users.set({user("b")});
  EXPECT_NE(users.generation(), generation);
  EXPECT_EQ(users.find("a"), nullptr);
  EXPECT_EQ(before->name, "a");  // whoever has him keeps him
  users.set({});
  EXPECT_TRUE(users.is_set());  // nobody can log in, and nobody gets in without
}

TEST(UserRegistry, HasADecoyThatCostsAsMuchAsAUser) {
  UserRegistry users;
  EXPECT_EQ(users.decoy(1).n, 32768U);
  users.set({user("a", 4), user("b", 8)});
  EXPECT_EQ(users.decoy(0).n, 4U);
  EXPECT_EQ(users.decoy(1).n, 8U);
  EXPECT_EQ(users.decoy(3).n, 8U);
  EXPECT_FALSE(scrypt_matches(users.decoy(0), ""));
}

}  // namespace
}  // namespace larder::session
