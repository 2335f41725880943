// program/replace_file.h: another text for a file that is there, all of it or nothing.
//
//   write NAME.XXXXXX beside it -> fsync -> owner and mode of the old one -> rename -> fsync of the folder
//
// A crash leaves the old file or the new one, and perhaps NAME.XXXXXX, which only its owner can read unless
// it was finished. A link is followed: the file that it names is replaced. Access lists and other attributes
// are not kept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/result.h"

namespace larder::program {

/// A regular file as it was when it was read.
struct FileText {
  std::string path;  // without links
  std::string text{};
  uid_t user = 0;
  gid_t group = 0;
  mode_t mode = 0;  // permissions only
};

/// Errors: refused, with the kernel's words for what is wrong; too_large.
[[nodiscard]] Result<FileText> read_file(const std::string& path, std::size_t size_max);

/// Puts `text` in the place of `old`, and returns when that would outlive a loss of power. Errors: refused,
/// with the kernel's words; the old file is there then, unless it was the folder that could not be synced.
[[nodiscard]] Result<void> replace_file(const FileText& old, std::string_view text);

}  // namespace larder::program
