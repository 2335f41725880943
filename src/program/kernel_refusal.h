// program/kernel_refusal.h: how a system call that failed is told.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include "base/result.h"

namespace larder::program {

/// `what`, and why not, from errno. Error: unsupported.
[[nodiscard]] inline std::unexpected<Error> kernel_refuses(const std::string& what) {
  return failure(ErrorKind::unsupported, what + ": " + std::generic_category().message(errno));
}

}  // namespace larder::program
