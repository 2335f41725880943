// tools/trace/byte_source.h: the bytes of a file or of standard input, unpacked if they are zstd's.
//
// A zstd file is known by its first four bytes, whatever it is called: traces come through pipes and under
// names that lie. Source: RFC 8878, section 3.1.1 (frames) and 3.1.2 (skippable frames).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace larder::tools {

/// Where a trace's bytes come from.
///
/// Ownership  owns its descriptor, but for standard input
/// Threads    one
/// Errors     malformed, a sentence that starts with the file's name
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills `target` from the front. Less than asked for is normal; 0 is the end.
  virtual Result<std::size_t> read(std::span<char> target) = 0;
};

/// Opens `path`; "-" is standard input.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_bytes(const std::string& path);

/// What messages call `path`.
[[nodiscard]] std::string source_name(const std::string& path);

}  // namespace larder::tools
