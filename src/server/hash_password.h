// server/hash_password.h: larder-server --hash-password.
#pragma once

namespace larder::server {

/// Reads a password from standard input, one line, without showing it where that is a terminal, and writes
/// its hash to standard output as the file of --users has it. The program's exit status.
[[nodiscard]] int hash_password();

}  // namespace larder::server
