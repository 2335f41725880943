// transport/uring.h: one io_uring as this project uses it, and the buffers that the kernel receives into.
//
//   submission queue  [ recv | send | send | cancel ]  --one io_uring_enter a turn-->  kernel
//   completion queue  [ received 512 bytes into buffer 7 | accepted 12 | ... ]         <--
//   buffer ring       [ 0 | 1 | 2 | ... ]   the kernel takes the next free one when bytes come; we give it
//   back
//
// Set up with SINGLE_ISSUER and DEFER_TASKRUN: completions are made when the loop asks for them, on its own
// thread, and interrupt nothing else.
//
// Source: io_uring_setup(2), io_uring_enter(2), liburing 2.3. Of newer kernels' features none is needed:
// Linux 6.1 will do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <liburing.h>
#include <memory>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/result.h"

namespace larder::transport {

/// A ring and its receive buffers.
///
/// Ownership  owns both
/// Threads    made on any; from enable() on everything on the thread that called that; its end, anywhere when
///            that thread is gone
/// Errors     make() and enable() say why the kernel refuses; later calls answer with errno values
class Uring final {
 public:
  static constexpr unsigned buffer_count = 512;
  static constexpr std::size_t buffer_size = std::size_t{8} << 10;
  /// Of every send: it takes what there is room for at once. What of it is not all is an error, and told.
  static constexpr int send_flags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL;

  /// Whether one can be made here. Errors: as make().
  [[nodiscard]] static Result<void> probe();
  /// Errors: unsupported (the kernel has none, or forbids it, or this process has locked as much memory as it
  /// may), overloaded (no memory). What it costs the kernel is taken here.
  [[nodiscard]] static Result<std::unique_ptr<Uring>> make();
  /// Before anything else.
  [[nodiscard]] Result<void> enable();
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  /// The next entry to fill in. Submits what is there if the queue is full.
  [[nodiscard]] io_uring_sqe& entry();

  /// Submits, and waits until there is a completion; -1 for ever, 0 not at all. 0 or a negative error number;
  /// that it was interrupted or that time passed is no error.
  [[nodiscard]] int submit_and_wait(int time_ms);

  /// Calls `visit(completion)` for the first `count` that are there, and leaves them there.
  template <class Visit>
  void each_completion(unsigned count, Visit visit) {
    unsigned head = 0;
    io_uring_cqe* completion = nullptr;
    io_uring_for_each_cqe(&ring_, head, completion) {
      if (count-- == 0) break;
      visit(*completion);
    }
  }
  [[nodiscard]] unsigned completion_count() const { return io_uring_cq_ready(&ring_); }
  /// All entries were submitted, and all completions are there. Otherwise there was no room for some: go on()
  /// once those that are there are passed.
  [[nodiscard]] bool is_settled() const {
    return io_uring_sq_ready(&ring_) == 0 && !io_uring_cq_has_overflow(&ring_);
  }
  void go_on() { static_cast<void>(io_uring_submit_and_get_events(&ring_)); }
  /// The first `count` are done with.
  void pass_completions(unsigned count) { io_uring_cq_advance(&ring_, count); }

  // ---- Receive buffers

  static constexpr std::uint16_t buffer_group = 0;
  [[nodiscard]] static bool has_buffer(const io_uring_cqe& completion) {
    return (completion.flags & IORING_CQE_F_BUFFER) != 0;
  }
  /// What was received. Valid until give_back().
  [[nodiscard]] Bytes buffer_of(const io_uring_cqe& completion) const {
    const std::size_t index = completion.flags >> IORING_CQE_BUFFER_SHIFT;
    return {buffers_ + index * buffer_size, static_cast<std::size_t>(completion.res)};
  }
  /// The kernel may receive into it again once publish_buffers() was called.
  void give_back(const io_uring_cqe& completion);
  void publish_buffers();

 private:
  Uring() = default;
  [[nodiscard]] static Result<std::unique_ptr<Uring>> make_here();
  [[nodiscard]] bool make_buffers();
  [[nodiscard]] int restrict_to_sockets();
  void add_buffer(unsigned index, int offset);

  io_uring ring_{};
  bool is_made_ = false;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  char* buffers_ = nullptr;
  std::size_t mapping_size_ = 0;
  int returned_count_ = 0;
};

}  // namespace larder::transport
