#include "cache/policy/test_traces.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <zstd.h>

#include "base/numbers.h"

namespace larder::cache::policy::test {
namespace {

std::optional<std::string> decompress(const std::string& packed) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  std::string text;
  std::string part(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer input{.src = packed.data(), .size = packed.size(), .pos = 0};
  std::size_t wanted = 1;  // 0: a frame has ended and all of it was handed out
  while (wanted != 0) {
    ZSTD_outBuffer output{.dst = part.data(), .size = part.size(), .pos = 0};
    const bool had_all_input = input.pos == input.size;
    wanted = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(wanted) != 0) return std::nullopt;
    if (wanted != 0 && had_all_input && output.pos == 0) return std::nullopt;  // cut short
    text.append(part, 0, output.pos);
  }
  return text;
}

}  // namespace

Result<std::vector<Request>> read_trace(std::string_view name) {
  const std::string path = std::string(LARDER_TRACES).append("/").append(name).append(".txt.zst");
  std::ifstream file(path, std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(file), {}};
  const std::optional<std::string> text = decompress(packed);
  if (!text.has_value()) return failure(ErrorKind::malformed, path + " cannot be read");

  std::vector<Request> trace;
  for (std::size_t start = 0; start < text->size();) {
    const std::size_t end = std::min(text->find('\n', start), text->size());
    const std::optional<std::uint64_t> id = parse_uint64(Bytes(*text).substr(start, end - start));
    if (!id.has_value()) return failure(ErrorKind::malformed, path + " has a line that is no number");
    trace.push_back({.id = *id, .size = 1});
    start = end + 1;
  }
  return trace;
}

std::uint64_t capacity_for(const std::vector<Request>& trace, double share) {
  std::unordered_set<std::uint64_t> ids;
  for (const Request& request : trace) ids.insert(request.id);
  return share_of(ids.size(), share);
}

}  // namespace larder::cache::policy::test
