// Property: the same bytes give the same lines however they are cut; views lie in the input; a refusal has a
// reason.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/assert.h"
#include "protocol/line/line_decoder.h"

namespace {

using larder::Bytes;
using larder::protocol::LineDecoder;
using larder::protocol::LineRequest;

constexpr std::size_t line_size_max = 256;

bool lies_within(Bytes part, Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// What `bytes`, presented in steps of `step`, come to, as text.
std::string decode(Bytes bytes, std::size_t step) {
  LineDecoder decoder(line_size_max);
  std::string outcome;
  std::size_t start = 0;
  std::size_t end = 0;
  while (true) {
    const std::string input(bytes.substr(start, end - start));  // its own memory, so that overruns are seen
    const auto next = decoder.next(input);
    if (!next) return outcome + "too large";
    const std::optional<LineRequest>& request = *next;
    if (request) {
      LARDER_ASSERT(request->size > 0);
      LARDER_ASSERT(request->size <= input.size());
      LARDER_ASSERT(lies_within(request->key, input));
      LARDER_ASSERT(lies_within(request->value, input));
      LARDER_ASSERT((request->verb == LineRequest::Verb::invalid) == (*request->reason != '\0'));
      outcome += std::to_string(static_cast<int>(request->verb)) + request->reason + "(";
      outcome += request->key;
      outcome += ")(";
      outcome += request->value;
      outcome += ")\n";
      start += request->size;
      continue;
    }
    LARDER_ASSERT(input.size() <= line_size_max + 1);
    if (end == bytes.size()) return outcome;
    end = std::min(bytes.size(), end + step);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = decode(bytes, size + 1);
  LARDER_ASSERT(decode(bytes, 1) == whole);
  LARDER_ASSERT(decode(bytes, 7) == whole);
  return 0;
}
