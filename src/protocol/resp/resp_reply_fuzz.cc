// Property: the same bytes give the same replies however they are cut, and decode(encode(reply)) is the
// reply.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/output.h"
#include "protocol/resp/reply_decoder.h"

namespace {

using larder::Bytes;
using larder::Output;
using larder::protocol::Reply;
using larder::protocol::ReplyDecoder;
using larder::protocol::ReplyEncoder;
using larder::protocol::ReplyLimits;
using larder::protocol::RespVersion;

constexpr ReplyLimits narrow{
    .depth_max = 8, .element_count_max = 256, .line_size_max = 128, .reply_size_max = 1024};

struct Outcome {
  std::vector<Reply> replies;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(Bytes bytes, std::size_t step, const ReplyLimits& limits) {
  ReplyDecoder decoder(limits);
  Outcome outcome;
  std::size_t start = 0;
  std::size_t end = 0;
  while (true) {
    const std::string input(bytes.substr(start, end - start));  // its own memory, so that overruns are seen
    auto next = decoder.next(input);
    if (!next) {
      outcome.failed = true;
      return outcome;
    }
    LARDER_ASSERT(decoder.consumed() <= input.size());
    start += decoder.consumed();
    std::optional<Reply>& reply = *next;
    if (reply) {
      LARDER_ASSERT(decoder.consumed() > 0);
      outcome.replies.push_back(std::move(*reply));
      continue;
    }
    LARDER_ASSERT(end - start <= limits.line_size_max + 1);  // all else was taken
    if (end == bytes.size()) return outcome;
    end = std::min(bytes.size(), end + step);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  const Outcome fine = decode(bytes, 1, narrow);
  LARDER_ASSERT(decode(bytes, size + 1, narrow) == fine);
  LARDER_ASSERT(decode(bytes, 7, narrow) == fine);

  Output output;
  ReplyEncoder resp3(output, RespVersion::resp3);
  for (const Reply& reply : fine.replies) encode_reply(reply, resp3);
  // A bulk error without a line end comes back as a line, so the bounds of a line may not be narrow here.
  const Outcome again = decode(output.pending(), output.size() + 1, {});
  LARDER_ASSERT(!again.failed);
  LARDER_ASSERT(again.replies == fine.replies);

  // RESP2 has fewer kinds, so what comes back differs; that it comes back whole must not.
  Output older;
  ReplyEncoder resp2(older, RespVersion::resp2);
  for (const Reply& reply : fine.replies) encode_reply(reply, resp2);
  LARDER_ASSERT(decode(older.pending(), older.size() + 1, {}).replies.size() == fine.replies.size());
  return 0;
}
