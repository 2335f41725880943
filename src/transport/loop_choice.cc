#include "transport/loop_choice.h"

#include "base/assert.h"
#include "transport/uring.h"

namespace larder::transport {
namespace {

constexpr Bytes loop_names[] = {"auto", "io_uring", "epoll"};

}  // namespace

std::span<const Bytes> event_loop_names() { return loop_names; }

Result<LoopChoice> choose_event_loop(Bytes wanted) {
  if (wanted == "epoll") return LoopChoice{.name = "epoll", .reason = "asked for", .make = make_epoll_loop};
  const Result<void> probed = Uring::probe();
  if (probed) {
    return LoopChoice{.name = "io_uring",
                      .reason = wanted == "auto" ? "the kernel offers it" : "asked for",
                      .make = make_uring_loop};
  }
  if (wanted != "auto") return std::unexpected(probed.error());
  return LoopChoice{.name = "epoll", .reason = probed.error().message, .make = make_epoll_loop};
}

}  // namespace larder::transport
