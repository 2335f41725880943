// client/socket_bio.h: OpenSSL's way to a socket, without SIGPIPE.
//
// OpenSSL's own BIO for sockets writes with write(2), and a peer that is gone would then end a program that
// has not said what it wants to do about SIGPIPE. A library must not ask that of its users.
#pragma once

#include <openssl/types.h>

namespace larder::client {

/// A BIO over `descriptor`, which does not block and stays the caller's. Null: no memory.
[[nodiscard]] BIO* make_socket_bio(int descriptor);

}  // namespace larder::client
