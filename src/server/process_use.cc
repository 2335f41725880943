#include "server/process_use.h"

#include <cstdint>
#include <fstream>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace larder::server {
namespace {

// The second number of statm, in pages.
std::uint64_t resident_size() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t whole = 0;
  std::uint64_t resident = 0;
  if (!(file >> whole >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
}

}  // namespace

session::ProcessUse process_use() {
  session::ProcessUse use{.resident_size = resident_size()};
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    use.cpu_system_us = microseconds(usage.ru_stime);
    use.cpu_user_us = microseconds(usage.ru_utime);
  }
  if (::getrusage(RUSAGE_THREAD, &usage) == 0) {
    use.thread_cpu_system_us = microseconds(usage.ru_stime);
    use.thread_cpu_user_us = microseconds(usage.ru_utime);
  }
  return use;
}

std::uint64_t machine_memory_size() {
  const long page_count = ::sysconf(_SC_PHYS_PAGES);
  return page_count < 0
             ? 0
             : static_cast<std::uint64_t>(page_count) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string system_name() {
  utsname name{};
  if (::uname(&name) != 0) return "Linux";
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

}  // namespace larder::server
