// tools/trace/trace_test_support.h: bytes for tests, in cuts of any size.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "tools/trace/byte_source.h"

namespace larder::tools {

/// Hands out a text, at most `cut_size` bytes at a time.
class TextSource final : public ByteSource {
 public:
  TextSource(std::string text, std::size_t cut_size) : text_(std::move(text)), cut_size_(cut_size) {}

  Result<std::size_t> read(std::span<char> target) override {
    const std::size_t size = std::min({target.size(), cut_size_, text_.size() - position_});
    text_.copy(target.data(), size, position_);
    position_ += size;
    return size;
  }

 private:
  std::string text_;
  std::size_t cut_size_;
  std::size_t position_ = 0;
};

}  // namespace larder::tools
