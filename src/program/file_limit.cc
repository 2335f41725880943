#include "program/file_limit.h"

#include <algorithm>
#include <sys/resource.h>

#include "base/assert.h"

namespace larder::program {

std::uint64_t raise_file_limit() {
  rlimit limit{};
  LARDER_ASSERT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlimit raised = limit;
  raised.rlim_cur = raised.rlim_max;
  // The kernel may refuse (a hard limit above fs.nr_open, a sandbox); then what there is has to do.
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

std::size_t connections_that_fit(std::size_t wanted, std::uint64_t file_limit, std::uint64_t reserved) {
  const std::uint64_t room = file_limit > reserved ? file_limit - reserved : 0;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(room, 1, std::max<std::size_t>(wanted, 1)));
}

}  // namespace larder::program
