#include "server/cores.h"

#include <cerrno>
#include <cstddef>
#include <memory>
#include <sched.h>
#include <string>
#include <system_error>

namespace larder::server {
namespace {

// A fixed cpu_set_t ends at 1024, and on a larger machine the kernel refuses to fill it. This is the largest
// that kernels are built for.
constexpr int core_count_max = 8192;

struct FreeCores {
  void operator()(cpu_set_t* cores) const { CPU_FREE(cores); }
};
using Cores = std::unique_ptr<cpu_set_t, FreeCores>;

constexpr std::size_t set_size = CPU_ALLOC_SIZE(core_count_max);

Cores no_cores() {
  Cores cores(CPU_ALLOC(core_count_max));
  if (cores != nullptr) CPU_ZERO_S(set_size, cores.get());
  return cores;
}

}  // namespace

std::vector<int> usable_cores() {
  const Cores cores = no_cores();
  std::vector<int> numbers;
  if (cores == nullptr || ::sched_getaffinity(0, set_size, cores.get()) != 0) return numbers;
  for (int core = 0; core < core_count_max; ++core) {
    if (CPU_ISSET_S(static_cast<std::size_t>(core), set_size, cores.get())) numbers.push_back(core);
  }
  return numbers;
}

Result<void> bind_thread(pthread_t thread, int core) {
  const Cores cores = no_cores();
  int error_number = ENOMEM;
  if (cores != nullptr) {
    CPU_SET_S(static_cast<std::size_t>(core), set_size, cores.get());
    error_number = ::pthread_setaffinity_np(thread, set_size, cores.get());
  }
  if (error_number == 0 || error_number == ESRCH) return {};  // ESRCH: it has come to its end already
  return failure(ErrorKind::unsupported, "cannot bind a thread to core " + std::to_string(core) + ": " +
                                             std::system_category().message(error_number));
}

}  // namespace larder::server
