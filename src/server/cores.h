// server/cores.h: the cores that a process may use, and binding a thread to one of them.
#pragma once

#include <pthread.h>
#include <vector>

#include "base/result.h"

namespace larder::server {

/// Their numbers, ascending: a container or taskset makes them fewer than the machine has. Empty: the kernel
/// does not say.
[[nodiscard]] std::vector<int> usable_cores();

/// Has `thread`, which was not joined yet, run on `core` alone from here on. Errors: unsupported (the core
/// may not be used, or not any more).
[[nodiscard]] Result<void> bind_thread(pthread_t thread, int core);

}  // namespace larder::server
