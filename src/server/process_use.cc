#include "server/process_use.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <system_error>
#include <unistd.h>

namespace larder::server {
namespace {

// The second number of statm, in pages. The file stays open: a sandbox lets nobody open another.
std::uint64_t resident_size() {
  static const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  std::array<char, 128> text;
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  const char* const end = text.data() + std::max<ssize_t>(size, 0);
  const char* const whole_end = std::find(static_cast<const char*>(text.data()), end, ' ');
  std::uint64_t resident = 0;
  if (whole_end == end || std::from_chars(whole_end + 1, end, resident).ec != std::errc()) return 0;
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
