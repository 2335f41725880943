#include "transport/unix_listener.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>

#include "base/unix_address.h"

namespace larder::transport {
namespace {

std::unexpected<Error> failed(const std::string& path, int error_number) {
  switch (error_number) {
    case EADDRINUSE:
      return failure(ErrorKind::overloaded, path + " is in use already");
    case EACCES:
    case EPERM:
      return failure(ErrorKind::unsupported, path + ": no permission to listen there");
    case ENOENT:
    case ENOTDIR:
      return failure(ErrorKind::unsupported, path + ": there is no such folder");
    default:
      return failure(ErrorKind::overloaded,
                     "cannot listen on " + path + ": " + std::system_category().message(error_number));
  }
}

int connect_or_bind(int (*call)(int, const sockaddr*, socklen_t), const Socket& socket,
                    const std::string& path) {
  const sockaddr_un address = unix_address(path);
  return call(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

Socket unix_socket() { return Socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

/// The folder that `path` is in, held until this is closed. A program that stops with the lock in its hand
/// must not keep another from starting for ever, so the wait is bounded.
Result<Socket> hold_folder(const std::string& path) {
  const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  Socket descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) return failed(path, errno);
  constexpr int attempts_max = 200;
  constexpr int pause_ms = 10;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) return descriptor;
    // A file system without locks: two servers that start within a moment of each other are the lesser evil.
    if (errno != EWOULDBLOCK && errno != EINTR) return descriptor;
    ::poll(nullptr, 0, pause_ms);
  }
  return failure(ErrorKind::overloaded, path + ": another program has locked the folder");
}

/// The process that listens at the other end has ended, as the kernel remembers it.
bool listener_has_ended(const Socket& connected) {
  ucred listener{};
  socklen_t size = sizeof listener;
  return ::getsockopt(connected.get(), SOL_SOCKET, SO_PEERCRED, &listener, &size) == 0 && listener.pid > 0 &&
         ::kill(listener.pid, 0) != 0 && errno == ESRCH;
}

/// What connect(2) at `path` comes to: 0 or errno. A socket that an io_uring had outlives its process for
/// some milliseconds. Where the process has ended, who asks is thus hung up on before long, and asks again.
/// Or its process went to the background after it had begun to listen, and it lives.
int ask(const std::string& path) {
  constexpr int time_limit_ms = 1000;
  const Socket first = unix_socket();
  if (!first.valid() || connect_or_bind(::connect, first, path) != 0) return errno;
  if (!listener_has_ended(first)) return 0;
  pollfd hung_up{.fd = first.get(), .events = 0, .revents = 0};
  ::poll(&hung_up, 1, time_limit_ms);
  const Socket second = unix_socket();
  return second.valid() && connect_or_bind(::connect, second, path) == 0 ? 0 : errno;
}

/// Makes room at `path` if what is there is a socket on which nobody listens.
Result<void> remove_stale(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return failed(path, errno);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return failure(ErrorKind::refused, path + " is there already and is no socket, so it is left alone");
  }
  switch (const int answer = ask(path)) {
    case ECONNREFUSED:
      if (::unlink(path.c_str()) != 0) return failed(path, errno);
      return {};
    case 0:
    case EAGAIN:      // more than it accepts wait for it
    case EPROTOTYPE:  // it does not take streams: somebody else's
      return failed(path, EADDRINUSE);
    default:
      return failure(ErrorKind::refused, path +
                                             " is a socket already, and whether anybody listens there is " +
                                             "not known: " + std::system_category().message(answer));
  }
}

}  // namespace

Result<void> SocketFile::bind(const Socket& socket, mode_t mode) {
  // Linux makes the file with the mode of the socket, less what umask takes away.
  if (::fchmod(socket.get(), mode) != 0 || connect_or_bind(::bind, socket, path_) != 0)
    return failed(path_, errno);
  file_ = Socket(::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!file_.valid()) {
    const int error_number = errno;
    ::unlink(path_.c_str());
    return failed(path_, error_number);
  }
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) return failed(path_, errno);
  // By the descriptor: where others may write too, the path could be a link to something else by now.
  if ((status.st_mode & 07777) != mode &&
      ::chmod(("/proc/self/fd/" + std::to_string(file_.get())).c_str(), mode) != 0) {
    return failed(path_, errno);
  }
  return {};
}

SocketFile::~SocketFile() {
  if (!file_.valid()) return;
  const Result<Socket> folder = hold_folder(path_);
  if (!folder) return;  // whoever starts next finds it stale
  struct stat ours{};
  struct stat present{};
  if (::fstat(file_.get(), &ours) == 0 && ::lstat(path_.c_str(), &present) == 0 &&
      ours.st_dev == present.st_dev && ours.st_ino == present.st_ino) {
    ::unlink(path_.c_str());
  }
}

Result<UnixListener> listen_on_unix(const std::string& path, mode_t mode, int backlog) {
  Socket socket = unix_socket();
  if (!socket.valid()) return failed(path, errno);
  SocketFile file(path);  // before the folder is held: its end holds it again
  const Result<Socket> folder = hold_folder(path);
  if (!folder) return std::unexpected<Error>(folder.error());
  if (Result<void> removed = remove_stale(path); !removed) return std::unexpected<Error>(removed.error());
  if (Result<void> bound = file.bind(socket, mode); !bound) return std::unexpected<Error>(bound.error());
  if (::listen(socket.get(), backlog) != 0) return failed(path, errno);
  return UnixListener{std::move(socket), std::move(file)};
}

}  // namespace larder::transport
