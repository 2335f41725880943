#include "program/run_as.h"

#include <array>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program/kernel_refusal.h"
#include "program/log.h"

namespace larder::program {
namespace {

std::optional<User> find_user(const std::string& name) {
  std::array<char, std::size_t{16} << 10> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  return User{.name = name, .id = entry.pw_uid, .group = entry.pw_gid};
}

bool is_only(const User& user) {
  std::array<uid_t, 3> users{};
  std::array<gid_t, 3> groups{};
  return ::getresuid(&users[0], &users[1], &users[2]) == 0 &&
         ::getresgid(&groups[0], &groups[1], &groups[2]) == 0 &&
         users == std::array{user.id, user.id, user.id} &&
         groups == std::array{user.group, user.group, user.group};
}

}  // namespace

OptionRow user_option_row() {
  return {.flag = "user",
          .kind = OptionKind::text,
          .value_text = "NAME",
          .example = "larder",
          .help =
              "Whose rights to keep when started as root: once everything is open, the program goes on as "
              "this user, in that user's groups"};
}

Result<std::optional<User>> user_to_run_as(const OptionValues& values) {
  if (!values.is_given("user")) return std::nullopt;
  const std::string& name = values.text("user");
  if (::geteuid() != 0) {
    return failure(ErrorKind::malformed,
                   values.origin("user") + ": only root can become another user, and this is user " +
                       std::to_string(::geteuid()) + "; start it as root, or as '" + name + "' without this");
  }
  std::optional<User> user = find_user(name);
  if (!user) {
    return failure(ErrorKind::malformed,
                   values.origin("user") + ": there is no user '" + name + "' on this machine");
  }
  if (user->id == 0) {
    return failure(ErrorKind::malformed,
                   values.origin("user") + ": '" + name + "' is root, whose rights are to be dropped");
  }
  return user;
}

void warn_of_root(const std::optional<User>& user) {
  if (user || ::geteuid() != 0) return;
  log_warn(
      "runs as root, which it needs for nothing once everything is open; --user NAME goes on as another "
      "user");
}

// By the descriptor: where others may write, the path could be a link to somebody else's file.
Result<void> give_socket(const std::string& path, const User& user) {
  const int file = ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return kernel_refuses(path);
  struct stat status{};
  Result<void> given;
  if (::fstat(file, &status) != 0) {
    given = kernel_refuses(path);
  } else if (!S_ISSOCK(status.st_mode)) {
    given = failure(ErrorKind::refused, path + " is no socket any more");
  } else if (::fchownat(file, "", user.id, user.group, AT_EMPTY_PATH) != 0) {
    given = kernel_refuses("cannot give " + path + " to user '" + user.name + "'");
  }
  ::close(file);
  return given;
}

// Groups before the user: afterwards there is no right to change them. A change from root to another user
// takes all capabilities away. That this is for good is asked, not believed.
Result<void> run_as(const std::optional<User>& user, std::span<const Endpoint> listen) {
  if (!user) return {};
  for (const Endpoint& endpoint : listen) {
    if (!endpoint.is_unix()) continue;
    if (Result<void> given = give_socket(endpoint.path, *user); !given) return given;
  }
  const std::string what = "cannot become user '" + user->name + "'";
  if (::initgroups(user->name.c_str(), user->group) != 0 ||
      ::setresgid(user->group, user->group, user->group) != 0 ||
      ::setresuid(user->id, user->id, user->id) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return kernel_refuses(what);
  }
  if (!is_only(*user) || ::setresuid(0, 0, 0) == 0) {
    return failure(ErrorKind::unsupported, what + ": root's rights are still there");
  }
  log_info("runs as user '" + user->name + "' (" + std::to_string(user->id) + ")");
  return {};
}

}  // namespace larder::program
