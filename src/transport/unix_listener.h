// transport/unix_listener.h: listening at a path of this machine.
//
// Who may connect is the mode of the socket's file: on Linux connecting needs the right to write. The file is
// born with the mode that was asked for or a narrower one, so there is no moment in which others get in.
//
//   nothing there                     bind
//   a socket, nobody listens          of a server that is gone: removed, bind
//   a socket, somebody listens        refused
//   anything else, a link included    refused, and left alone
//
// Two servers that start at once could each take the other's new socket for a stale one. So whoever looks,
// binds or removes holds a lock on the folder meanwhile (flock(2)), which is gone with its process.
#pragma once

#include <string>
#include <sys/types.h>

#include "base/result.h"
#include "transport/socket.h"

namespace larder::transport {

/// Only the user that the program runs as, and root.
inline constexpr mode_t unix_mode_default = 0700;

/// The file of a Unix socket that this process listens on. Removes it in the end, if what is at the path then
/// is still that file.
class SocketFile final {
 public:
  SocketFile() = default;  // none
  explicit SocketFile(std::string path) : path_(std::move(path)) {}
  SocketFile(SocketFile&&) noexcept = default;
  SocketFile& operator=(SocketFile&&) = delete;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

  /// Binds `socket` to the path, whose folder the caller holds. The file has this mode afterwards, and never
  /// had a wider one. Errors: those of listen_on_unix().
  [[nodiscard]] Result<void> bind(const Socket& socket, mode_t mode);

 private:
  std::string path_;
  Socket file_;  // O_PATH. As long as it is open, no other file gets this one's number
};

struct UnixListener final {
  Socket socket;  // non-blocking, close-on-exec
  SocketFile file;
};

/// Listens at `path`, absolute and short enough for the kernel, with a file of this mode.
///
/// Blocks for as long as another program that starts there holds the folder, up to two seconds, and up to one
/// for the socket of a process that was killed: for the start of a program. Errors: overloaded (in use, or
/// the folder is held), refused (something else is there), unsupported (no such folder, not permitted); each
/// message names the path.
[[nodiscard]] Result<UnixListener> listen_on_unix(const std::string& path, mode_t mode, int backlog);

}  // namespace larder::transport
