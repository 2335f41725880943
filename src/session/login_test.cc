// As whom a connection is served. Method: accounts that change under a login.
#include "session/login.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace larder::session {
namespace {

User user(const std::string& name, const std::string& hash, Rights rights = all_rights,
          std::vector<std::string> prefixes = {}) {
  return {.name = name,
          .password = {.n = 2, .r = 1, .salt = "12345678", .hash = hash},
          .rights = rights,
          .prefixes = std::move(prefixes)};
}

/// Logged in as the user of that name.
Login login_of(const Accounts& accounts, Bytes name) {
  Login login(accounts);
  login.finish(accounts.users.find(name), accounts.users.generation());
  return login;
}

TEST(Login, IsSettledWhenTheConnectionOpens) {
  Accounts accounts;
  const Login before(accounts);
  accounts.password.set("secret");
  Login after(accounts);
  EXPECT_FALSE(before.is_missing(accounts));
  EXPECT_TRUE(after.is_missing(accounts));
  accounts.password.set("");
  EXPECT_FALSE(after.is_missing(accounts));
  accounts.password.set("other");
  EXPECT_TRUE(after.is_missing(accounts));
  after.finish(nullptr, 0);
  EXPECT_FALSE(after.is_missing(accounts));
}

TEST(Login, IsAskedForWhereThereAreUsers) {
  Accounts accounts;
  accounts.users.set({});
  EXPECT_TRUE(Login(accounts).is_missing(accounts));
}

TEST(Login, MayDoWhatItsUserMay) {
  Accounts accounts;
  EXPECT_FALSE(Login(accounts).is_limited());
  EXPECT_EQ(Login(accounts).name(), "default");
  EXPECT_TRUE(Login(accounts).may(all_rights));
  EXPECT_TRUE(Login(accounts).may_reach("k"));
  accounts.users.set({user("a", "1", read_right, {"app:"})});
  const Login login = login_of(accounts, "a");
  EXPECT_EQ(login.name(), "a");
  EXPECT_TRUE(login.may(read_right));
  EXPECT_FALSE(login.may(write_right));
  EXPECT_TRUE(login.may_reach("app:1"));
  EXPECT_FALSE(login.may_reach("k"));
}

TEST(Login, HeedsOtherRights) {
  Accounts accounts;
  accounts.users.set({user("a", "1")});
  Login login = login_of(accounts, "a");
  accounts.users.set({user("a", "1", read_right)});
  EXPECT_TRUE(login.may(write_right));  // within a turn nothing changes
  EXPECT_TRUE(login.is_still_valid(accounts));
  EXPECT_FALSE(login.may(write_right));
}

TEST(Login, EndsWithItsUserOrHisPassword) {
  for (const std::vector<User>& users : {std::vector<User>{}, std::vector{user("a", "2")}}) {
    Accounts accounts;
    accounts.users.set({user("a", "1")});
    Login login = login_of(accounts, "a");
    accounts.users.set(users);
    EXPECT_FALSE(login.is_still_valid(accounts));
    EXPECT_TRUE(login.is_missing(accounts));
    EXPECT_TRUE(login.is_still_valid(accounts));  // said once
  }
}

TEST(Login, OfThePasswordOutlivesOtherUsers) {
  Accounts accounts;
  accounts.password.set("secret");
  Login login(accounts);
  login.finish(nullptr, accounts.users.generation());
  accounts.users.set({user("a", "1")});
  EXPECT_TRUE(login.is_still_valid(accounts));
  EXPECT_FALSE(login.is_missing(accounts));
}

TEST(Login, OfThePasswordEndsWhereAFileNamesAnotherDefault) {
  Accounts accounts;
  accounts.password.set("secret");
  Login login(accounts);
  Login stranger(accounts);
  login.finish(nullptr, accounts.users.generation());
  accounts.password.set("");
  accounts.users.set({user("default", "1", read_right)});
  EXPECT_FALSE(login.is_still_valid(accounts));
  EXPECT_TRUE(login.is_missing(accounts));
  EXPECT_TRUE(stranger.is_still_valid(accounts)) << "who was never let in has nothing to lose";
}

}  // namespace
}  // namespace larder::session
