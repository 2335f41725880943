#include "tools/trace/trace_writer.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <new>
#include <system_error>
#include <vector>
#include <zstd.h>

#include "base/bytes.h"
#include "base/numbers.h"

namespace larder::tools {
namespace {

constexpr std::size_t chunk_size = std::size_t{256} << 10;
constexpr int compression_level = 9;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
using Compressor = std::unique_ptr<ZSTD_CStream, std::size_t (*)(ZSTD_CStream*)>;

bool write(std::FILE* file, Bytes bytes) {
  return std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
}

// Packs `text`, and with `mode` ZSTD_e_end closes the frame.
bool write_packed(std::FILE* file, ZSTD_CStream* stream, Bytes text, ZSTD_EndDirective mode) {
  static thread_local std::vector<char> packed(ZSTD_CStreamOutSize());
  ZSTD_inBuffer input{.src = text.data(), .size = text.size(), .pos = 0};
  for (;;) {
    ZSTD_outBuffer output{.dst = packed.data(), .size = packed.size(), .pos = 0};
    const std::size_t left = ZSTD_compressStream2(stream, &output, &input, mode);
    if (ZSTD_isError(left) != 0) throw std::bad_alloc();  // nothing else can go wrong with a text in memory
    if (!write(file, Bytes(packed.data(), output.pos))) return false;
    const bool is_done = mode == ZSTD_e_end ? left == 0 : input.pos == input.size;
    if (is_done) return true;
  }
}

void append_line(std::string& text, const Trace& trace, std::size_t index) {
  text += IntegerText(trace.ids[index]).bytes();
  if (trace.has_sizes()) {
    text += ',';
    text += IntegerText(trace.sizes[index]).bytes();
  }
  text += '\n';
}

}  // namespace

Result<void> write_trace(const Trace& trace, const std::string& path, TraceProgress progress) {
  const auto refused = [&] {
    return failure(ErrorKind::refused, path + ": " + std::generic_category().message(errno));
  };
  const bool is_standard_output = path == "-";
  File file(is_standard_output ? stdout : std::fopen(path.c_str(), "wbe"),
            is_standard_output ? std::fflush : std::fclose);
  if (file == nullptr) return refused();
  const bool is_packed = path.ends_with(".zst");
  const Compressor stream(is_packed ? ZSTD_createCStream() : nullptr, ZSTD_freeCStream);
  if (is_packed) {
    if (stream == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(stream.get(), ZSTD_c_compressionLevel, compression_level);
    ZSTD_CCtx_setParameter(stream.get(), ZSTD_c_checksumFlag, 1);
  }

  std::string text;
  for (std::size_t i = 0; i < trace.request_count(); ++i) {
    append_line(text, trace, i);
    const bool is_last = i + 1 == trace.request_count();
    if (text.size() < chunk_size && !is_last) continue;
    const bool is_written = stream == nullptr ? write(file.get(), text)
                                              : write_packed(file.get(), stream.get(), text,
                                                             is_last ? ZSTD_e_end : ZSTD_e_continue);
    if (!is_written) return refused();
    text.clear();
    progress(i + 1);
  }
  // What is buffered may fail to be written, too.
  if (is_standard_output ? std::fflush(file.get()) != 0 : std::fclose(file.release()) != 0) return refused();
  return {};
}

}  // namespace larder::tools
