// Connecting to a path, where the kernel waits for room in other ways than over TCP. Method: a listening
// socket that nobody accepts from, full from the start.
#include "client/dial.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/unix_address.h"

namespace larder::client {
namespace {

constexpr Duration long_enough{10'000};
constexpr Duration too_short{30};

class FullListener {
 public:
  FullListener() {
    std::string folder = "/tmp/larder.XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = unix_address(path());
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(descriptor_, 0), 0);
    Resolver resolver(endpoint());
    while (const auto connected = dial(resolver, Deadline::after(too_short))) waiting_.push_back(*connected);
    EXPECT_EQ(waiting_.size(), 1U) << "that many wait where none should";
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;
  ~FullListener() {
    for (const int descriptor : waiting_) ::close(descriptor);
    ::close(descriptor_);
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] Endpoint endpoint() const { return {.scheme = "resp", .path = path()}; }
  void accept_one() const { ::close(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC)); }

 private:
  [[nodiscard]] std::string path() const { return folder_ + "/s"; }

  std::string folder_;
  int descriptor_ = -1;
  std::vector<int> waiting_;
};

TEST(DialToAPath, GivesUpAtTheDeadlineWhereThereIsNoRoom) {
  const FullListener listener;
  Resolver resolver(listener.endpoint());
  const auto connected = dial(resolver, Deadline::after(too_short));
  ASSERT_FALSE(connected.has_value());
  EXPECT_EQ(connected.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(connected.error().message, "cannot connect within the time limit");
}

TEST(DialToAPath, WaitsForRoom) {
  const FullListener listener;
  Resolver resolver(listener.endpoint());
  const std::jthread accepting([&] { listener.accept_one(); });
  const auto connected = dial(resolver, Deadline::after(long_enough));
  ASSERT_TRUE(connected.has_value()) << connected.error().message;
  EXPECT_NE(::fcntl(*connected, F_GETFL) & O_NONBLOCK, 0);
  ::close(*connected);
}

TEST(DialToAPath, SaysThatNobodyListensThere) {
  Resolver resolver({.scheme = "resp", .path = "/nowhere/s"});
  const auto connected = dial(resolver, Deadline::after(long_enough));
  ASSERT_FALSE(connected.has_value());
  EXPECT_EQ(connected.error().kind, ErrorKind::disconnected);
  EXPECT_EQ(connected.error().message, "cannot connect: No such file or directory");
}

}  // namespace
}  // namespace larder::client
