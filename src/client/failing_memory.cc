#include "client/failing_memory.h"

#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

namespace larder::client {
namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

thread_local std::size_t allocations_left = unlimited;
thread_local bool allocation_failed = false;

void* allocate(std::size_t size) {
  if (allocations_left == 0) {
    allocation_failed = true;
    return nullptr;
  }
  if (allocations_left != unlimited) --allocations_left;
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

void memory_lasts_for(std::size_t count) {
  allocation_failed = false;
  allocations_left = count;
}

bool memory_is_back() {
  allocations_left = unlimited;
  return std::exchange(allocation_failed, false);
}

}  // namespace larder::client

void* operator new(std::size_t size) {
  if (void* memory = larder::client::allocate(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return larder::client::allocate(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept { std::free(memory); }
