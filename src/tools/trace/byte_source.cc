#include "tools/trace/byte_source.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <new>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>
#include <zstd.h>

namespace larder::tools {
namespace {

constexpr std::size_t magic_size = 4;

class FileSource final : public ByteSource {
 public:
  FileSource(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override {
    if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
  }

  Result<std::size_t> read(std::span<char> target) override {
    if (!put_back_.empty()) {
      const std::size_t size = std::min(target.size(), put_back_.size());
      std::ranges::copy_n(put_back_.begin(), static_cast<std::ptrdiff_t>(size), target.begin());
      put_back_.erase(0, size);
      return size;
    }
    for (;;) {
      const ssize_t size = ::read(descriptor_, target.data(), target.size());
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno != EINTR) {
        return failure(ErrorKind::malformed, name_ + ": " + std::generic_category().message(errno));
      }
    }
  }

  /// The first bytes of the file, which read() will hand out again. A pipe may deliver them one at a time.
  Result<std::string> peek(std::size_t size_max) {
    std::string head(size_max, '\0');
    std::size_t size = 0;
    while (size < size_max) {
      const Result<std::size_t> more = read(std::span(head).subspan(size));
      if (!more) return std::unexpected(more.error());
      if (*more == 0) break;
      size += *more;
    }
    head.resize(size);
    put_back_ = head;
    return head;
  }

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  int descriptor_;
  std::string put_back_;
};

class ZstdSource final : public ByteSource {
 public:
  explicit ZstdSource(std::unique_ptr<FileSource> packed)
      : packed_(std::move(packed)), input_(ZSTD_DStreamInSize()), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }

  // Frames may follow one another. The file is whole if its end is the end of a frame.
  Result<std::size_t> read(std::span<char> target) override {
    ZSTD_outBuffer out{.dst = target.data(), .size = target.size(), .pos = 0};
    while (out.pos == 0) {
      if (unread_.pos == unread_.size && !is_output_pending_) {
        const Result<std::size_t> size = packed_->read(input_);
        if (!size) return std::unexpected(size.error());
        if (*size == 0) {
          if (is_between_frames_) return std::size_t{0};
          return failure(ErrorKind::malformed, packed_->name() + ": the zstd data ends in the middle");
        }
        unread_ = {.src = input_.data(), .size = *size, .pos = 0};
      }
      const std::size_t left = ZSTD_decompressStream(stream_, &out, &unread_);
      if (ZSTD_isError(left) != 0) {
        return failure(ErrorKind::malformed,
                       packed_->name() + ": the zstd data is damaged: " + ZSTD_getErrorName(left));
      }
      is_between_frames_ = left == 0;
      is_output_pending_ = left != 0 && out.pos == out.size;
    }
    return out.pos;
  }

 private:
  std::unique_ptr<FileSource> packed_;
  std::vector<char> input_;
  ZSTD_inBuffer unread_{};
  ZSTD_DStream* stream_;
  bool is_between_frames_ = true;
  bool is_output_pending_ = false;  // the target was full: zstd may hold more without any input
};

bool is_zstd(const std::string& head) {
  if (head.size() < magic_size) return false;
  const bool is_frame = head == "\x28\xb5\x2f\xfd";
  const bool is_skippable_frame = head.substr(1) == "\x2a\x4d\x18" && (head.front() & '\xf0') == '\x50';
  return is_frame || is_skippable_frame;
}

}  // namespace

std::string source_name(const std::string& path) { return path == "-" ? "standard input" : path; }

Result<std::unique_ptr<ByteSource>> open_bytes(const std::string& path) {
  const std::string name = source_name(path);
  const int descriptor = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return failure(ErrorKind::malformed, name + ": " + std::generic_category().message(errno));
  }
  auto file = std::make_unique<FileSource>(name, descriptor);
  const Result<std::string> head = file->peek(magic_size);
  if (!head) return std::unexpected(head.error());
  if (is_zstd(*head)) return std::make_unique<ZstdSource>(std::move(file));
  return file;
}

}  // namespace larder::tools
