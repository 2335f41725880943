// Behind the sandbox, what a server needs works, and what an intruder would try fails or ends the process.
// Method: each try is made by a child of the test that has entered the same sandbox as larder-server.
#include "program/sandbox.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "program/replace_file.h"

namespace larder::program {
namespace {

constexpr int status_true = 10;
constexpr int status_false = 11;

/// What the shell would see: an exit status, or 128 and the signal.
int status_of_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = -1;
  if (::waitpid(child, &status, 0) != child) return -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

class Sandbox : public ::testing::Test {
 protected:
  void SetUp() override {
    const int status =
        status_of_child([] { return enter_sandbox(SandboxMode::on, {}) ? status_true : status_false; });
    if (status != status_true) GTEST_SKIP() << "not here: a sanitizer, or a kernel that lacks a part";
    folder_ = ::testing::TempDir() + "/sandbox.XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    inside_ = folder_ + "/inside";
    std::ofstream(inside_) << "text";
  }
  void TearDown() override {
    ::unlink(inside_.c_str());
    ::rmdir(folder_.c_str());
  }

  /// The status of a child that does this behind the sandbox.
  [[nodiscard]] int status_behind(const std::function<bool()>& work) {
    return status_of_child([&] {
      if (!enter_sandbox(SandboxMode::on, needs_)) return 1;
      return work() ? status_true : status_false;
    });
  }
  [[nodiscard]] bool holds_behind(const std::function<bool()>& work) {
    return status_behind(work) == status_true;
  }

  std::string folder_;
  std::string inside_;
  SandboxNeeds needs_;
};

constexpr int killed = 128 + SIGSYS;

bool is_refused(long result) { return result < 0 && (errno == EPERM || errno == EACCES); }

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool can_read(const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC) >= 0; }

TEST_F(Sandbox, EndsWhoExecutes) {
  EXPECT_EQ(status_behind([] {
              ::execl("/bin/true", "true", nullptr);
              return false;
            }),
            killed);
}

TEST_F(Sandbox, EndsWhoForks) {
  EXPECT_EQ(status_behind([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0; }), killed);
}

TEST_F(Sandbox, EndsWhoTraces) {
  EXPECT_EQ(status_behind([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }), killed);
}

TEST_F(Sandbox, EndsWhoBecomesSomebodyElse) {
  EXPECT_EQ(status_behind([] { return ::syscall(SYS_setuid, 0) == 0; }), killed);
}

TEST_F(Sandbox, EndsWhoMakesARing) {
  EXPECT_EQ(status_behind([] { return ::syscall(SYS_io_uring_setup, 4, nullptr) == 0; }), killed);
}

TEST_F(Sandbox, HoldsThreadsThatStartBehindIt) {
  EXPECT_EQ(status_behind([] {
              std::thread([] { ::execl("/bin/true", "true", nullptr); }).join();
              return false;
            }),
            killed);
}

TEST_F(Sandbox, RefusesFilesThatNobodyNamed) {
  EXPECT_TRUE(can_read("/etc/passwd"));
  EXPECT_TRUE(holds_behind([] { return !can_read("/etc/passwd") && errno == EACCES; }));
  EXPECT_TRUE(holds_behind([&] { return !can_read(inside_) && errno == EACCES; }));
  EXPECT_TRUE(holds_behind([&] { return is_refused(::unlink(inside_.c_str())); }));
}

TEST_F(Sandbox, RefusesSockets) {
  EXPECT_TRUE(holds_behind([] { return is_refused(::socket(AF_INET, SOCK_STREAM, 0)); }));
  EXPECT_TRUE(holds_behind([] { return is_refused(::socket(AF_UNIX, SOCK_STREAM, 0)); }));
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(made, 0);
  EXPECT_TRUE(holds_behind([made] {
    const sockaddr_in address = loopback(9);
    return is_refused(::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  }));
  ::close(made);
}

TEST_F(Sandbox, RefusesToRunWhatWasWritten) {
  const auto made_executable = [] {
    return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
  };
  EXPECT_TRUE(made_executable());
  EXPECT_TRUE(holds_behind([&] { return !made_executable() && errno == EPERM; }));
}

TEST_F(Sandbox, RefusesSignalsToOthers) {
  const pid_t parent = ::getpid();
  EXPECT_TRUE(holds_behind([parent] { return is_refused(::kill(parent, 0)); }));
}

TEST_F(Sandbox, AllowsReadingWhatIsToBeRead) {
  needs_.files.paths = {{.path = inside_}, {.path = folder_ + "/missing"}};
  EXPECT_TRUE(holds_behind([&] { return can_read(inside_) && !can_read(folder_); }));
  EXPECT_TRUE(holds_behind([&] { return is_refused(::open(inside_.c_str(), O_WRONLY | O_CLOEXEC)); }));
}

TEST_F(Sandbox, AllowsReplacingWhatIsToBeRewritten) {
  needs_.files.paths = {{.path = folder_of(inside_), .access = PathRule::Access::rewrite}};
  EXPECT_TRUE(holds_behind([&] {
    const Result<FileText> file = read_file(inside_, 100);
    return file && file->text == "text" && replace_file(*file, "other").has_value();
  }));
  std::string text;
  std::ifstream(inside_) >> text;
  EXPECT_EQ(text, "other");
}

TEST_F(Sandbox, AllowsRemovingWhatIsToBeRemoved) {
  needs_.files.paths = {{.path = folder_, .access = PathRule::Access::remove}};
  EXPECT_TRUE(holds_behind([&] { return !can_read(inside_) && ::unlink(inside_.c_str()) == 0; }));
}

TEST_F(Sandbox, AllowsThreadsAndMemory) {
  EXPECT_TRUE(holds_behind([] {
    std::size_t size = 0;
    std::thread([&] {
      const std::string large(std::size_t{64} << 20, 'x');
      size = large.size();
    }).join();
    return size == std::size_t{64} << 20;
  }));
}

TEST_F(Sandbox, AllowsWhatAConnectionIsAsked) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  EXPECT_TRUE(holds_behind([&] {
    int size = 0;
    return ::send(ends[0], "x", 1, MSG_NOSIGNAL) == 1 && ::ioctl(ends[1], SIOCINQ, &size) == 0 && size == 1 &&
           ::ioctl(ends[0], SIOCOUTQ, &size) == 0;
  }));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(Sandbox, LetsWhoConnectsConnectToThePortsNamed) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, any, size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, any, &size), 0);
  const auto connects = [&] {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return socket >= 0 && ::connect(socket, any, size) == 0;
  };
  needs_.connects = true;
  needs_.files.connect_ports = {ntohs(address.sin_port)};
  EXPECT_TRUE(holds_behind(connects));
  constexpr int version_with_ports = 4;
  if (landlock_version().value_or(0) >= version_with_ports) {
    needs_.files.connect_ports = {};
    EXPECT_TRUE(holds_behind([&] { return !connects() && errno == EACCES; }));
  }
  ::close(listener);
}

TEST_F(Sandbox, SaysWhatIsInForce) {
  EXPECT_TRUE(holds_behind([] { return true; }));
  EXPECT_TRUE(status_of_child([] {
                const Result<std::string> parts = enter_sandbox(SandboxMode::automatic, {});
                return parts && parts->starts_with("landlock ") && parts->ends_with(", seccomp")
                           ? status_true
                           : status_false;
              }) == status_true);
  EXPECT_EQ(enter_sandbox(SandboxMode::off, {}).value_or(""), "off");
}

TEST(SandboxFolder, IsThatOfTheFileItself) {
  EXPECT_EQ(folder_of("/etc/passwd"), "/etc");
  EXPECT_EQ(folder_of("/no-such-file"), "/");
  EXPECT_EQ(folder_of("no-such-file"), ".");
}

}  // namespace
}  // namespace larder::program
