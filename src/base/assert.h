// base/assert.h: assertions that stay on in release.
//
// An assertion states what our own code has made sure of. What a peer, a file, the kernel or memory pressure
// can cause is an Error (base/result.h), never an assertion. One condition each, so that the message names
// what broke.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace larder {

[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace larder

#define LARDER_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::larder::assertion_failed(#condition, __FILE__, __LINE__))
