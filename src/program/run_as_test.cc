// What --user takes away is gone, for every right that a user has. Method: the process that changes its user
// is a child of the test's, which tells by its status what it found; who is not root sees the refusals alone.
#include "program/run_as.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unix_address.h"

namespace larder::program {
namespace {

OptionTable user_table() {
  return {.program = "run-as-test",
          .summary = "",
          .environment_prefix = "RUN_AS_TEST_",
          .rows = {user_option_row()}};
}

Result<std::optional<User>> asked(const std::vector<std::string>& arguments) {
  const Result<ParsedOptions> options = read_options(user_table(), arguments, {});
  if (!options) return std::unexpected(options.error());
  return user_to_run_as(options->values);
}

/// Whether `check` is true in a process of its own.
template <class Check>
bool holds_in_child(Check check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is_root() { return ::geteuid() == 0; }

TEST(RunAs, NobodyIsNamedUnlessSomebodyIs) {
  const auto user = asked({});
  ASSERT_TRUE(user);
  EXPECT_FALSE(*user);
  EXPECT_TRUE(run_as(*user, {}));
}

TEST(RunAs, IsRefusedToWhoIsNotRoot) {
  EXPECT_TRUE(holds_in_child([] {
    constexpr uid_t somebody = 65'534;
    if (is_root() && ::setresuid(somebody, somebody, somebody) != 0) return false;
    const auto user = asked({"--user", "nobody"});
    return !user && user.error().message.starts_with("--user: only root can become another user");
  }));
}

TEST(RunAs, RefusesUsersThatAreNotThereOrAreRoot) {
  if (!is_root()) GTEST_SKIP() << "only root can become another user";
  const auto missing = asked({"--user", "no-such-user"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "--user: there is no user 'no-such-user' on this machine");
  const auto root = asked({"--user", "root"});
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().message, "--user: 'root' is root, whose rights are to be dropped");
}

TEST(RunAs, LeavesNoneOfRootsRights) {
  if (!is_root()) GTEST_SKIP() << "only root can become another user";
  const auto user = asked({"--user", "nobody"});
  ASSERT_TRUE(user && *user);
  EXPECT_TRUE(holds_in_child([&] {
    std::array<gid_t, 64> groups{};
    if (!run_as(*user, {})) return false;
    const int group_count = ::getgroups(groups.size(), groups.data());
    for (int i = 0; i < group_count; ++i) {
      if (groups[static_cast<std::size_t>(i)] == 0) return false;
    }
    return ::getuid() == (*user)->id && ::getegid() == (*user)->group && ::seteuid(0) != 0 &&
           ::setegid(0) != 0 && ::open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0 &&
           ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  }));
}

TEST(RunAs, GivesSocketsAndNothingElse) {
  if (!is_root()) GTEST_SKIP() << "only root can give files away";
  const auto user = asked({"--user", "nobody"});
  ASSERT_TRUE(user && *user);
  std::string folder = ::testing::TempDir() + "/run_as.XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/socket";
  const std::string link = folder + "/link";
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = unix_address(path);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::symlink(path.c_str(), link.c_str()), 0);

  EXPECT_TRUE(give_socket(path, **user));
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, (*user)->id);
  EXPECT_EQ(status.st_gid, (*user)->group);
  EXPECT_FALSE(give_socket(link, **user));
  EXPECT_FALSE(give_socket(folder, **user));
  EXPECT_FALSE(give_socket(folder + "/gone", **user));

  ::close(socket);
  ::unlink(link.c_str());
  ::unlink(path.c_str());
  ::rmdir(folder.c_str());
}

}  // namespace
}  // namespace larder::program
