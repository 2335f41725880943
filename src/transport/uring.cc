#include "transport/uring.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <new>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <vector>

#include "transport/socket.h"

namespace larder::transport {
namespace {

// The kernel's own header, were it included first, would have the buffers begin eight bytes later in C++.
static_assert(offsetof(io_uring_buf_ring, bufs) == 0);

constexpr unsigned entry_count = 1024;
constexpr unsigned completion_count_max = 8192;

constexpr unsigned ring_flags =
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL;

std::unexpected<Error> refused(const std::string& what, int error_number) {
  return failure(ErrorKind::unsupported, what + ": " + std::system_category().message(error_number));
}

// The loop asks to be told of sends that fell short and takes silence for success as soon as they were
// submitted. So that this is seen before anybody's bytes depend on it: a socket that takes a part, and then
// nothing.
Result<void> try_failed_sends() try {
  io_uring ring{};
  if (const int result = io_uring_queue_init(4, &ring, ring_flags); result < 0) {
    return refused("the kernel refuses an io_uring", -result);
  }
  struct Exit {
    io_uring& ring;
    ~Exit() { io_uring_queue_exit(&ring); }
  } const exit{ring};
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return refused("no sockets", errno);
  const Socket ours(ends[0]);
  const Socket theirs(ends[1]);
  const std::vector<char> bytes(std::size_t{4} << 20);
  for (int round = 0; round < 2; ++round) {
    io_uring_sqe* const send = io_uring_get_sqe(&ring);
    io_uring_prep_send(send, ours.get(), bytes.data(), bytes.size(), Uring::send_flags);
    io_uring_sqe_set_flags(send, IOSQE_CQE_SKIP_SUCCESS);
    const int submitted = io_uring_submit_and_get_events(&ring);
    if (submitted < 0) return refused("the kernel refuses to work through an io_uring", -submitted);
    io_uring_cqe* told = nullptr;
    const bool is_told =
        io_uring_peek_cqe(&ring, &told) == 0 &&
        (told->res == -EAGAIN || (told->res > 0 && static_cast<std::size_t>(told->res) < bytes.size()));
    if (!is_told)
      return failure(ErrorKind::unsupported, "this kernel's io_uring does not tell of failed sends at once");
    io_uring_cqe_seen(&ring, told);
  }
  return {};
} catch (const std::bad_alloc&) {
  return failure(ErrorKind::overloaded, "no memory to try io_uring with");
}

// The end of a ring interrupts, some time later, whoever has made it or submitted to it: a thread of its own,
// which is gone by then.
template <class Work>
Result<void> on_thread(Work work) try {
  Result<void> outcome;
  std::thread([&] { outcome = work(); }).join();
  return outcome;
} catch (const std::system_error& error) {
  return refused("no thread to make an io_uring on", error.code().value());
}

}  // namespace

Result<void> Uring::probe() {
#ifdef __SANITIZE_THREAD__
  return failure(ErrorKind::unsupported, "ThreadSanitizer does not see what the kernel writes");
#endif
  if (Result<void> tried = on_thread(try_failed_sends); !tried) return tried;
  const auto made = make();
  return made ? Result<void>() : std::unexpected(made.error());
}

Result<std::unique_ptr<Uring>> Uring::make() {
  std::unique_ptr<Uring> ring;
  const Result<void> made = on_thread([&]() -> Result<void> {
    auto answer = make_here();
    if (!answer) return std::unexpected(answer.error());
    ring = *std::move(answer);
    return {};
  });
  if (!made) return std::unexpected(made.error());
  return ring;
}

Result<std::unique_ptr<Uring>> Uring::make_here() try {
  std::unique_ptr<Uring> made(new Uring());
  io_uring_params params{};
  params.flags = ring_flags | IORING_SETUP_CQSIZE | IORING_SETUP_R_DISABLED;
  params.cq_entries = completion_count_max;
  const int result = io_uring_queue_init_params(entry_count, &made->ring_, &params);
  if (result < 0) return refused("the kernel refuses an io_uring", -result);
  made->is_made_ = true;
  constexpr unsigned needed = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;
  if ((params.features & needed) != needed) {
    return failure(ErrorKind::unsupported, "this kernel's io_uring lacks features that Linux 6.1 has");
  }
  if (!made->make_buffers()) return refused("the kernel refuses receive buffers for an io_uring", errno);
  if (const int restricted = made->restrict_to_sockets(); restricted < 0)
    return refused("the kernel refuses restrictions of an io_uring", -restricted);
  return made;
} catch (const std::bad_alloc&) {
  return failure(ErrorKind::overloaded, "no memory for an io_uring");
}

Result<void> Uring::enable() {
  if (const int result = io_uring_enable_rings(&ring_); result < 0) {
    return refused("the kernel refuses to start an io_uring", -result);
  }
  // Spares each call the look at the process' descriptors; where it is refused, nothing else changes.
  static_cast<void>(io_uring_register_ring_fd(&ring_));
  return {};
}

Uring::~Uring() {
  if (is_made_) io_uring_queue_exit(&ring_);
  if (buffers_ != nullptr) ::munmap(buffers_, mapping_size_);
}

// liburing 2.3 has no call for it yet. Buffers and ring are one mapping; what is never received into costs
// nothing.
bool Uring::make_buffers() {
  static_assert((buffer_count & (buffer_count - 1)) == 0);
  const std::size_t buffers_size = buffer_count * buffer_size;
  mapping_size_ = buffers_size + buffer_count * sizeof(io_uring_buf);
  void* const mapping =
      ::mmap(nullptr, mapping_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return false;
  buffers_ = static_cast<char*>(mapping);
  buffer_ring_ = reinterpret_cast<io_uring_buf_ring*>(buffers_ + buffers_size);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffer_ring_);
  registration.ring_entries = buffer_count;
  registration.bgid = buffer_group;
  if (const int result = io_uring_register_buf_ring(&ring_, &registration, 0); result != 0) {
    errno = -result;
    return false;
  }
  io_uring_buf_ring_init(buffer_ring_);
  for (unsigned index = 0; index < buffer_count; ++index) add_buffer(index, static_cast<int>(index));
  io_uring_buf_ring_advance(buffer_ring_, buffer_count);
  return true;
}

// A filter of system calls does not see what is submitted to a ring: here it can do what the loop does with
// it and nothing else, neither files nor new sockets. In force from enable() on; nobody can take it back.
int Uring::restrict_to_sockets() {
  constexpr std::array operations{IORING_OP_ACCEPT,  IORING_OP_RECV,     IORING_OP_SEND,
                                  IORING_OP_SENDMSG, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL};
  constexpr std::array registrations{IORING_REGISTER_ENABLE_RINGS, IORING_REGISTER_RING_FDS,
                                     IORING_UNREGISTER_RING_FDS};
  std::vector<io_uring_restriction> restrictions;
  const auto add = [&](unsigned kind) -> io_uring_restriction& {
    restrictions.push_back({});
    restrictions.back().opcode = static_cast<std::uint16_t>(kind);
    return restrictions.back();
  };
  for (const unsigned operation : operations)
    add(IORING_RESTRICTION_SQE_OP).sqe_op = static_cast<std::uint8_t>(operation);
  for (const unsigned registration : registrations)
    add(IORING_RESTRICTION_REGISTER_OP).register_op = static_cast<std::uint8_t>(registration);
  add(IORING_RESTRICTION_SQE_FLAGS_ALLOWED).sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
  return io_uring_register_restrictions(&ring_, restrictions.data(),
                                        static_cast<unsigned>(restrictions.size()));
}

void Uring::add_buffer(unsigned index, int offset) {
  io_uring_buf_ring_add(buffer_ring_, buffers_ + index * buffer_size, buffer_size,
                        static_cast<std::uint16_t>(index), io_uring_buf_ring_mask(buffer_count), offset);
}

void Uring::give_back(const io_uring_cqe& completion) {
  add_buffer(completion.flags >> IORING_CQE_BUFFER_SHIFT, returned_count_++);
}

void Uring::publish_buffers() {
  if (returned_count_ > 0) io_uring_buf_ring_advance(buffer_ring_, returned_count_);
  returned_count_ = 0;
}

io_uring_sqe& Uring::entry() {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  while (entry == nullptr) {
    static_cast<void>(io_uring_submit(&ring_));
    entry = io_uring_get_sqe(&ring_);
  }
  return *entry;
}

int Uring::submit_and_wait(int time_ms) {
  int result = 0;
  if (time_ms == 0) {
    result = io_uring_submit_and_get_events(&ring_);
  } else if (time_ms < 0) {
    result = io_uring_submit_and_wait(&ring_, 1);
  } else {
    __kernel_timespec time{.tv_sec = time_ms / 1000,
                           .tv_nsec = static_cast<long long>(time_ms % 1000) * 1'000'000};
    io_uring_cqe* first = nullptr;
    result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &time, nullptr);
  }
  if (result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN || result == -EBUSY) return 0;
  return result;
}

}  // namespace larder::transport
