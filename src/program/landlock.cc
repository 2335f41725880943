#include "program/landlock.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program/descriptor.h"
#include "program/kernel_refusal.h"

namespace larder::program {
namespace {

// What Debian 12's headers, of Linux 6.1, do not have yet, by the names and numbers of newer ones.
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;  // from version 4 on
  std::uint64_t scoped = 0;              // from version 6 on
};
struct NetPortAttributes {
  std::uint64_t allowed_access = 0;
  std::uint64_t port = 0;
};
constexpr auto rule_path_beneath = LANDLOCK_RULE_PATH_BENEATH;
constexpr int rule_net_port = 2;
constexpr std::uint64_t access_fs_truncate = 1 << 14;
constexpr std::uint64_t access_fs_ioctl_dev = 1 << 15;
constexpr std::uint64_t access_net_bind_tcp = 1 << 0;
constexpr std::uint64_t access_net_connect_tcp = 1 << 1;
constexpr std::uint64_t scope_abstract_unix_socket = 1 << 0;
constexpr std::uint64_t scope_signal = 1 << 1;

constexpr std::uint64_t file_accesses = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                        LANDLOCK_ACCESS_FS_READ_FILE | access_fs_truncate |
                                        access_fs_ioctl_dev;

/// What can be asked for, of a kernel with this version. An unknown bit would be refused.
RulesetAttributes handled_by(int version) {
  RulesetAttributes handled{.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};  // version 1's
  if (version >= 2) handled.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) handled.handled_access_fs |= access_fs_truncate;
  if (version >= 4) handled.handled_access_net = access_net_bind_tcp | access_net_connect_tcp;
  if (version >= 5) handled.handled_access_fs |= access_fs_ioctl_dev;
  if (version >= 6) handled.scoped = scope_abstract_unix_socket | scope_signal;
  return handled;
}

std::uint64_t allowed_by(PathRule::Access access) {
  constexpr std::uint64_t read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  switch (access) {
    case PathRule::Access::read:
      return read;
    case PathRule::Access::remove:
      return LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE;
    case PathRule::Access::rewrite:
      return read | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
             LANDLOCK_ACCESS_FS_REMOVE_FILE | access_fs_truncate;
  }
  return 0;
}

// libc has no calls for these.
bool add_rule(const Descriptor& ruleset, int type, const void* rule) {
  return ::syscall(SYS_landlock_add_rule, ruleset.number(), type, rule, 0) == 0;
}

Result<void> add_path(const Descriptor& ruleset, const PathRule& rule, std::uint64_t handled) {
  const Descriptor file(::open(rule.path.c_str(), O_PATH | O_CLOEXEC));
  if (!file.is_open()) return {};
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return kernel_refuses(rule.path);
  std::uint64_t allowed = allowed_by(rule.access) & handled;
  if (!S_ISDIR(status.st_mode)) allowed &= file_accesses;
  const landlock_path_beneath_attr attributes{.allowed_access = allowed, .parent_fd = file.number()};
  if (!add_rule(ruleset, rule_path_beneath, &attributes)) return kernel_refuses("Landlock, " + rule.path);
  return {};
}

}  // namespace

Result<int> landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version > 0) return static_cast<int>(version);
  return failure(ErrorKind::unsupported, errno == EOPNOTSUPP ? "Landlock is turned off in this kernel"
                                                             : "this kernel has no Landlock");
}

Result<int> restrict_files(const LandlockRules& rules) {
  const Result<int> version = landlock_version();
  if (!version) return version;
  const RulesetAttributes handled = handled_by(*version);
  // Older kernels know less of the structure, and take more of it if that is zero.
  const Descriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0)));
  if (!ruleset.is_open()) return kernel_refuses("Landlock");
  for (const PathRule& rule : rules.paths) {
    if (Result<void> added = add_path(ruleset, rule, handled.handled_access_fs); !added)
      return std::unexpected(added.error());
  }
  if (handled.handled_access_net != 0) {
    for (const std::uint16_t port : rules.connect_ports) {
      const NetPortAttributes attributes{.allowed_access = access_net_connect_tcp, .port = port};
      if (!add_rule(ruleset, rule_net_port, &attributes)) return kernel_refuses("Landlock, a port");
    }
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return kernel_refuses("no_new_privs");
  if (::syscall(SYS_landlock_restrict_self, ruleset.number(), 0) != 0) return kernel_refuses("Landlock");
  return version;
}

}  // namespace larder::program
