// transport/send_parts.h: what is owed, in the form in which sendmsg(2) takes it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "base/output.h"

namespace larder::transport {

/// The parts of one send. Stays where it is while the kernel may look at it.
struct SendParts {
  static constexpr std::size_t count_max = 16;

  SendParts() = default;
  SendParts(const SendParts&) = delete;
  SendParts& operator=(const SendParts&) = delete;

  /// The first bytes of `owed`, up to `size_max` and to as many parts as there is room for. Answers how many.
  std::size_t gather(const Output& owed, std::size_t size_max) {
    std::array<Bytes, count_max> parts;
    const std::size_t count = owed.gather(parts);
    std::size_t size = 0;
    message = {};
    message.msg_iov = vectors.data();
    for (std::size_t i = 0; i < count && size < size_max; ++i) {
      // It is only read.
      vectors[i] = {.iov_base = const_cast<char*>(parts[i].data()),
                    .iov_len = std::min(parts[i].size(), size_max - size)};
      size += vectors[i].iov_len;
      ++message.msg_iovlen;
    }
    return size;
  }

  msghdr message{};
  std::array<iovec, count_max> vectors{};
};

}  // namespace larder::transport
