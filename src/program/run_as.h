// program/run_as.h: --user, which gives root's rights away once what needs them is done.
//
//   root:  options, certificates, ports below 1024, files of Unix sockets
//   ----------------------------------------------------------- run_as()
//   user:  connections, and the folders that the user may read and write
//
// Source: setresuid(2), initgroups(3), prctl(2) PR_SET_NO_NEW_PRIVS.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <sys/types.h>

#include "base/endpoint.h"
#include "base/result.h"
#include "program/option_table.h"
#include "program/options.h"

namespace larder::program {

struct User {
  std::string name;
  uid_t id = 0;
  gid_t group = 0;  // the first; initgroups() knows the others
};

[[nodiscard]] OptionRow user_option_row();

/// The user that --user names; nullopt: none was named. Reads the machine's list of users, and so may block.
/// Errors: malformed, a sentence that starts with where the value stands: this process is not root's, there
/// is no such user, or it is root.
[[nodiscard]] Result<std::optional<User>> user_to_run_as(const OptionValues& values);

/// Warns the log of a process that stays root's.
void warn_of_root(const std::optional<User>& user);

/// Makes `user` the owner of the Unix socket at `path`, so that its mode means what it says and the file can
/// be removed in the end. Errors: refused (it is no socket), unsupported (the kernel refuses).
[[nodiscard]] Result<void> give_socket(const std::string& path, const User& user);

/// From here on the whole process is that user's, in his groups, without a way back, and nothing that it
/// executes gets rights by its file; so are the Unix sockets among those that it listens on. nullopt: nothing
/// is changed. Before other threads are there. Errors: refused, unsupported, and then the process is of no
/// use: part of it may be done.
[[nodiscard]] Result<void> run_as(const std::optional<User>& user, std::span<const Endpoint> listen);

}  // namespace larder::program
