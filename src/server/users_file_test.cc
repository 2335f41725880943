// The file of users. Method: texts with one mistake each, and files with modes of their own.
#include "server/users_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

namespace larder::server {
namespace {

const std::string hash = "\"scrypt:2$1$1$MTIzNDU2Nzg=$" + std::string(43, 'A') + "=\"";

std::string complaint(const std::string& text) {
  const auto users = parse_users(text, "users.toml");
  return users ? "" : users.error().message;
}

TEST(UsersFile, HasUsersWithTheirRights) {
  const auto users = parse_users("[user.web]\npassword = " + hash +
                                     "\nrights = [\"read\", \"write\"]\nprefixes = [\"app:\", \"b\"]\n"
                                     "[user.\"a.b\"]\npassword = " +
                                     hash + "\nrights = []\n",
                                 "users.toml");
  ASSERT_TRUE(users.has_value()) << users.error().message;
  ASSERT_EQ(users->size(), 2U);
  EXPECT_EQ((*users)[0].name, "web");
  EXPECT_EQ((*users)[0].rights, session::read_right | session::write_right);
  EXPECT_EQ((*users)[0].prefixes, (std::vector<std::string>{"app:", "b"}));
  EXPECT_EQ((*users)[0].password.n, 2U);
  EXPECT_EQ((*users)[1].name, "a.b");
  EXPECT_EQ((*users)[1].rights, 0);
  EXPECT_TRUE((*users)[1].prefixes.empty());
  EXPECT_EQ(complaint(""), "");
}

TEST(UsersFile, SaysWhereAMistakeIs) {
  const std::string good = "[user.a]\npassword = " + hash + "\nrights = [\"read\"]\n";
  EXPECT_EQ(complaint(good), "");
  EXPECT_EQ(complaint("x = 1\n" + good),
            "users.toml:1: x is not known here; there are only sections, as [user.NAME]");
  EXPECT_EQ(complaint("[users.a]\n"),
            "users.toml:1: users is not known here; there are only sections, as [user.NAME]");
  EXPECT_EQ(complaint("[user]\na = 1\n"),
            "users.toml:2: a is not known here; there are only sections, as [user.NAME]");
  EXPECT_EQ(complaint("[user.a]\nrights = []\n"), "users.toml:1: user.a has no password");
  EXPECT_EQ(complaint("\n[user.a]\npassword = " + hash + "\n"), "users.toml:2: user.a has no rights");
  EXPECT_EQ(complaint(good + "right = 1\n"),
            "users.toml:4: user.a.right is not known; a user has password, rights and prefixes");
  EXPECT_EQ(complaint("[user.a]\npassword = \"secret\"\n"),
            "users.toml:2: user.a.password begins with no 'scrypt:', as --hash-password writes it");
  EXPECT_EQ(complaint("[user.a]\nrights = \"read\"\n"),
            "users.toml:2: user.a.rights is no list; write it as [\"read\"]");
  EXPECT_EQ(complaint("[user.a]\nrights = [\"reed\"]\n"),
            "users.toml:2: user.a.rights has a word that is none of read, write, admin");
  EXPECT_EQ(complaint(good + "prefixes = []\n"),
            "users.toml:4: user.a.prefixes names none; leave it out for every key");
  EXPECT_EQ(complaint(good + "prefixes = [\"\"]\n"),
            "users.toml:4: user.a.prefixes has an empty one; leave it out for every key");
  EXPECT_EQ(complaint("[user.\"a b\"]\n"),
            "users.toml:1: a user's name is 1 to 64 printable characters without blanks, colons and quotes");
  EXPECT_TRUE(complaint(good + good).starts_with("users.toml:4: ")) << complaint(good + good);
  EXPECT_TRUE(complaint("[user.a\n").starts_with("users.toml:1: "));
}

class PrivateFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "larder-users-XXXXXX";
    folder = ::mkdtemp(pattern.data());
    path = (folder / "file").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const std::string& text, unsigned mode) const {
    std::ofstream(path) << text;
    std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
  }
  std::filesystem::path folder;
  std::string path;
};

TEST_F(PrivateFile, IsItsOwnersAlone) {
  write("", 0600);
  EXPECT_TRUE(read_users_file(path).has_value());
  write("", 0400);
  EXPECT_TRUE(read_users_file(path).has_value());
  for (const unsigned mode : {0640U, 0604U, 0620U, 0666U}) {
    write("secret", mode);
    EXPECT_TRUE(read_users_file(path).error().message.contains("chmod 600")) << mode;
    EXPECT_FALSE(read_users_file(path).error().message.contains("secret"));
  }
  EXPECT_TRUE(read_users_file(path + "x").error().message.contains("No such file"));
}

}  // namespace
}  // namespace larder::server
