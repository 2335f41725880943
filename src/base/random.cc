#include "base/random.h"

#include <cerrno>
#include <sys/random.h>

#include "base/assert.h"

namespace larder {

void fill_random(std::span<unsigned char> target) {
  while (!target.empty()) {
    const auto size = ::getrandom(target.data(), target.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    LARDER_ASSERT(size > 0);
    target = target.subspan(static_cast<std::size_t>(size));
  }
}

}  // namespace larder
