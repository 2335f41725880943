// client/socket_errors.h: which errors of a socket are none.
#pragma once

#include <cerrno>

namespace larder::client {

/// Of a call on a socket that does not block: it may work later.
[[nodiscard]] inline bool is_not_now(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR;
}

}  // namespace larder::client
