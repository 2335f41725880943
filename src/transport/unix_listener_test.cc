// Listening at a path: who gets in, and what is and is not removed. Method: real sockets and files in a
// folder of the test's own; servers that are gone are sockets that were closed without removing their file.
#include "transport/unix_listener.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include "base/unix_address.h"
#include "transport/addresses.h"
#include "transport/loop_test_support.h"

namespace larder::transport {
namespace {

constexpr int some_backlog = 16;

class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/larder.XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// As long as it lives; the mask is the process's.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

Socket bound_to(const std::string& path, int type = SOCK_STREAM) {
  Socket socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const sockaddr_un address = unix_address(path);
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return socket;
}

Socket connected_to(const std::string& path, int flags = 0) {
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  const sockaddr_un address = unix_address(path);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    socket.close();
  return socket;
}

Result<UnixListener> listen_at(const std::string& path) {
  return listen_on_unix(path, unix_mode_default, some_backlog);
}

std::string complaint(const std::string& path) {
  const auto listener = listen_at(path);
  return listener ? "listens" : listener.error().message;
}

mode_t mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

TEST(UnixListener, IsThereWhileItLives) {
  const Folder folder;
  {
    const auto listener = listen_at(folder.at("s"));
    ASSERT_TRUE(listener.has_value()) << listener.error().message;
    EXPECT_TRUE(connected_to(folder.at("s")).valid());
    EXPECT_NE(::fcntl(listener->socket.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(listener->socket.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// The folder is watched: a file that was born with another mode would have its mode changed.
TEST(UnixListener, HasItsModeFromTheFirstMoment) {
  const Folder folder;
  const Umask none(0);
  const Socket watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(::inotify_add_watch(watch.get(), folder.path().c_str(), IN_CREATE | IN_ATTRIB), 0);
  for (const mode_t mode : {mode_t{0700}, mode_t{0600}, mode_t{0770}, mode_t{0777}}) {
    const auto listener = listen_on_unix(folder.at("s"), mode, some_backlog);
    ASSERT_TRUE(listener.has_value()) << listener.error().message;
    EXPECT_EQ(mode_of(folder.at("s")), mode);
    alignas(inotify_event) std::array<char, 4096> events{};
    const ssize_t size = ::read(watch.get(), events.data(), events.size());
    ASSERT_GE(size, static_cast<ssize_t>(sizeof(inotify_event)));
    const auto* const event = reinterpret_cast<const inotify_event*>(events.data());
    EXPECT_EQ(event->mask, static_cast<std::uint32_t>(IN_CREATE));
    EXPECT_EQ(size, static_cast<ssize_t>(sizeof(inotify_event) + event->len)) << "and nothing else happened";
  }
}

TEST(UnixListener, HasItsModeWhateverTheMaskOfTheProcess) {
  const Folder folder;
  const Umask strict(077);
  const auto listener = listen_on_unix(folder.at("s"), 0770, some_backlog);
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  EXPECT_EQ(mode_of(folder.at("s")), mode_t{0770});
}

TEST(UnixListener, ReplacesTheSocketOfAServerThatIsGone) {
  const Folder folder;
  {
    const Socket gone = bound_to(folder.at("s"));
    ASSERT_EQ(::listen(gone.get(), some_backlog), 0);
  }
  ASSERT_TRUE(std::filesystem::is_socket(folder.at("s")));
  const auto listener = listen_at(folder.at("s"));
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  EXPECT_TRUE(connected_to(folder.at("s")).valid());
}

TEST(UnixListener, LeavesALivingServerAlone) {
  const Folder folder;
  const auto first = listen_at(folder.at("s"));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(complaint(folder.at("s")), folder.at("s") + " is in use already");
  EXPECT_TRUE(connected_to(folder.at("s")).valid());
}

TEST(UnixListener, TakesAServerThatIsTooBusyToAcceptForALivingOne) {
  const Folder folder;
  const auto busy = listen_on_unix(folder.at("s"), unix_mode_default, 0);
  ASSERT_TRUE(busy.has_value());
  std::vector<Socket> waiting;
  do {
    waiting.push_back(connected_to(folder.at("s"), SOCK_NONBLOCK));
    ASSERT_LT(waiting.size(), 100U);
  } while (waiting.back().valid());
  EXPECT_EQ(complaint(folder.at("s")), folder.at("s") + " is in use already");
}

// A socket that a child has begun to listen on, which has ended since.
Socket left_by_a_process(const std::string& path) {
  Socket socket = bound_to(path);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::listen(socket.get(), some_backlog));
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return socket;
}

// Which is what a killed server's looks like while the kernel clears its io_uring away.
TEST(UnixListener, WaitsForASocketThatOutlivesItsProcess) {
  const Folder folder;
  Socket left = left_by_a_process(folder.at("s"));
  const std::jthread kernel([&] {
    const Socket asking(::accept4(left.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(asking.valid());
    left.close();
  });
  EXPECT_EQ(complaint(folder.at("s")), "listens");
}

TEST(UnixListener, TakesAServerThatWentToTheBackgroundForALivingOne) {
  const Folder folder;
  const Socket left = left_by_a_process(folder.at("s"));
  EXPECT_EQ(complaint(folder.at("s")), folder.at("s") + " is in use already");
}

TEST(UnixListener, LeavesSomebodyElsesSocketAlone) {
  const Folder folder;
  const Socket datagrams = bound_to(folder.at("s"), SOCK_DGRAM);
  EXPECT_EQ(complaint(folder.at("s")), folder.at("s") + " is in use already");
}

TEST(UnixListener, NeverRemovesWhatIsNoSocket) {
  const Folder folder;
  const std::string stale = folder.at("stale");
  bound_to(stale).close();
  std::ofstream(folder.at("file")) << "precious";
  std::filesystem::create_directory(folder.at("folder"));
  std::filesystem::create_symlink(stale, folder.at("link"));
  std::filesystem::create_symlink(folder.at("nothing"), folder.at("dangling"));
  ASSERT_EQ(::mkfifo(folder.at("pipe").c_str(), 0600), 0);
  for (const char* name : {"file", "folder", "link", "dangling", "pipe"}) {
    EXPECT_EQ(complaint(folder.at(name)),
              folder.at(name) + " is there already and is no socket, so it is left alone");
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::symlink_status(folder.at(name)))) << name;
  }
  EXPECT_EQ(std::filesystem::file_size(folder.at("file")), 8U);
}

TEST(UnixListener, RemovesOnlyItsOwnFile) {
  const Folder folder;
  Socket others;
  {
    const auto listener = listen_at(folder.at("s"));
    ASSERT_TRUE(listener.has_value());
    std::filesystem::remove(folder.at("s"));
    others = bound_to(folder.at("s"));
  }
  EXPECT_TRUE(std::filesystem::is_socket(folder.at("s")));
}

TEST(UnixListener, SaysWhyItCannot) {
  const Folder folder;
  EXPECT_EQ(complaint(folder.at("none/s")), folder.at("none/s") + ": there is no such folder");
  const Socket held(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  EXPECT_EQ(complaint(folder.at("s")), folder.at("s") + ": another program has locked the folder");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// Each finds the same stale file. Without the lock, one removes what another has just bound.
TEST(UnixListener, IsOneOfThoseThatStartAtOnce) {
  const Folder folder;
  for (int round = 0; round < 20; ++round) {
    bound_to(folder.at("s")).close();
    std::vector<std::optional<Result<UnixListener>>> listeners(4);
    {
      std::vector<std::jthread> starting;
      starting.reserve(listeners.size());
      for (auto& listener : listeners)
        starting.emplace_back([&] { listener.emplace(listen_at(folder.at("s"))); });
    }
    EXPECT_EQ(std::ranges::count_if(listeners, [](const auto& listener) { return listener->has_value(); }),
              1);
    EXPECT_TRUE(connected_to(folder.at("s")).valid());
  }
}

TEST(UnixListener, NamesItsPathOnBothEndsOfWhatItAccepts) {
  const Folder folder;
  const auto listener = listen_at(folder.at("s"));
  ASSERT_TRUE(listener.has_value());
  const Socket peer = connected_to(folder.at("s"));
  const Socket accepted(::accept4(listener->socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(accepted.valid());
  const SocketAddresses addresses = addresses_of(accepted);
  EXPECT_EQ(addresses.peer, folder.at("s") + ":0");
  EXPECT_EQ(addresses.local, folder.at("s") + ":0");
}

class UnixListenerLoops : public testing::TestWithParam<LoopKind> {};
LARDER_FOR_EACH_LOOP(UnixListenerLoops);

TEST_P(UnixListenerLoops, IsServedLikeAnyOther) {
  const Folder folder;
  auto listener = open_listener({.scheme = "test", .path = folder.at("s")});
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  EXPECT_TRUE(listener->loopback);
  const SystemClock clock;
  auto loop = GetParam().make({.limits = {}, .clock = &clock, .observer = nullptr});
  ASSERT_TRUE(loop.has_value());
  (*loop)->listen(std::move(listener->socket), [&](Socket socket) {
    (*loop)->adopt(std::move(socket), std::make_unique<FunctionHandler>(answer_sizes));
  });
  std::thread serving([&] { EXPECT_TRUE((*loop)->run().has_value()); });
  constexpr std::size_t large = std::size_t{3} << 20;  // more than any socket's buffer
  {
    const Socket peer = connected_to(folder.at("s"));
    const std::string question = std::to_string(large) + "\n5\n";
    EXPECT_EQ(::send(peer.get(), question.data(), question.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(question.size()));
    EXPECT_EQ(::shutdown(peer.get(), SHUT_WR), 0);
    std::size_t received_size = 0;
    std::vector<char> buffer(1 << 16);
    ssize_t size = 0;
    while ((size = ::recv(peer.get(), buffer.data(), buffer.size(), 0)) > 0)
      received_size += static_cast<std::size_t>(size);
    EXPECT_EQ(size, 0) << "a plain end";
    EXPECT_EQ(received_size, large + 5);
  }
  (*loop)->shut_down(Duration{0});
  serving.join();
}

}  // namespace
}  // namespace larder::transport
