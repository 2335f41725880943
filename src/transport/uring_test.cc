// A ring does what the event loop does with it and nothing else, whoever submits to it. Method: entries that
// the loop never makes, and their completions; that it does its own work is what the conformance suite
// proves.
#include "transport/uring.h"

#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace larder::transport {
namespace {

/// What the kernel says of one entry, which `prepare` fills in.
template <class Prepare>
int outcome_of(Prepare prepare) {
  auto ring = Uring::make();
  if (!ring || !(*ring)->enable()) return 1;
  prepare((*ring)->entry());
  if ((*ring)->submit_and_wait(-1) != 0) return 1;
  int outcome = 1;
  (*ring)->each_completion(1, [&](const io_uring_cqe& completion) { outcome = completion.res; });
  return outcome;
}

class UringRestrictions : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const Result<void> probed = Uring::probe(); !probed) GTEST_SKIP() << probed.error().message;
  }
};

TEST_F(UringRestrictions, RefuseFiles) {
  EXPECT_EQ(outcome_of([](io_uring_sqe& entry) {
              io_uring_prep_openat(&entry, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0);
            }),
            -EACCES);
}

TEST_F(UringRestrictions, RefuseSockets) {
  EXPECT_EQ(outcome_of([](io_uring_sqe& entry) {
              io_uring_prep_rw(IORING_OP_SOCKET, &entry, AF_INET, nullptr, 0, SOCK_STREAM);
            }),
            -EACCES);
}

TEST_F(UringRestrictions, RefuseFlagsThatTheLoopDoesNotSet) {
  EXPECT_EQ(outcome_of([](io_uring_sqe& entry) {
              io_uring_prep_poll_add(&entry, 0, 0);
              io_uring_sqe_set_flags(&entry, IOSQE_ASYNC);
            }),
            -EACCES);
}

TEST_F(UringRestrictions, AllowWhatTheLoopDoes) {
  EXPECT_EQ(outcome_of([](io_uring_sqe& entry) { io_uring_prep_cancel64(&entry, 42, 0); }), -ENOENT);
}

}  // namespace
}  // namespace larder::transport
