// base/unix_address.h: the path of a Unix socket as the kernel takes it.
#pragma once

#include <cstddef>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

namespace larder {

/// The longest path: the kernel's field for it, less the zero that ends it.
inline constexpr std::size_t unix_path_size_max = sizeof(sockaddr_un::sun_path) - 1;

/// Of the socket at `path`, for bind(2) and connect(2). A path that is too long, or has a zero in it, is a
/// mistake of ours: parse_endpoint() refuses both.
[[nodiscard]] sockaddr_un unix_address(const std::string& path);

}  // namespace larder
