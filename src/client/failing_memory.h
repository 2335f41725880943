// client/failing_memory.h: memory that runs out when a test wants it to. Test code; a program that links it
// has these as its global operators new and delete.
#pragma once

#include <cstddef>

namespace larder::client {

/// From now on `count` allocations of this thread succeed and all later ones fail, until memory_is_back().
void memory_lasts_for(std::size_t count);

/// True: an allocation of this thread has failed since memory_lasts_for().
bool memory_is_back();

}  // namespace larder::client
