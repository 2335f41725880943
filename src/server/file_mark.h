// server/file_mark.h: whether a file is still the one that was read.
#pragma once

#include <cstdint>
#include <string>
#include <sys/stat.h>

namespace larder::server {

/// What changes when a file is written to or another takes its place. One that cannot be looked at has a
/// mark, too.
struct FileMark {
  std::uint64_t inode = 0;  // 0: it cannot be looked at
  std::int64_t size = 0;
  std::int64_t changed_s = 0;
  std::int64_t changed_ns = 0;

  [[nodiscard]] static FileMark of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return {};
    return {.inode = status.st_ino,
            .size = status.st_size,
            .changed_s = status.st_ctim.tv_sec,
            .changed_ns = status.st_ctim.tv_nsec};
  }

  friend bool operator==(const FileMark&, const FileMark&) = default;
};

}  // namespace larder::server
