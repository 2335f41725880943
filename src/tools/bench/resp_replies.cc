#include "tools/bench/resp_replies.h"

#include <optional>

#include "base/numbers.h"

namespace larder::tools {
namespace {

// Redis' own bound of a value. What is larger would be skipped as well, but means that nothing makes sense.
constexpr std::uint64_t bulk_size_max = std::uint64_t{512} << 20;

}  // namespace
Result<void> RespReplies::take_line(Bytes line, PendingRequests& pending, Books& books, BenchTime now) {
  return element_count_ == 0 ? begin_reply(line, pending, books, now)
                             : begin_element(line, pending, books, now);
}

Result<void> RespReplies::begin_reply(Bytes line, PendingRequests& pending, Books& books, BenchTime now) {
  if (line.starts_with('-')) {
    books.refused(pending, line.substr(1));
    end_reply(pending, books, now);
    return {};
  }
  if (!pending.is_read()) {
    if (line != "+OK") return senseless(line);
    books.stored(pending);
    end_reply(pending, books, now);
    return {};
  }
  element_count_ = pending.ids().size();
  element_index_ = 0;
  if (element_count_ == 1) return begin_element(line, pending, books, now);
  if (!line.starts_with('*') || parse_uint64(line.substr(1)) != element_count_) return senseless(line);
  return {};
}

Result<void> RespReplies::begin_element(Bytes line, PendingRequests& pending, Books& books, BenchTime now) {
  if (line == "$-1" || line == "_") {
    books.miss(pending);
    end_value(pending, books, now);
    return {};
  }
  const auto size = line.starts_with('$') ? parse_uint64(line.substr(1)) : std::nullopt;
  if (!size || *size > bulk_size_max) return senseless(line);
  begin_value(*size, pending.ids()[element_index_]);
  return {};
}

// Of a read with one key, or of an element of an array.
void RespReplies::end_value(PendingRequests& pending, Books& books, BenchTime now) {
  if (++element_index_ < element_count_) return;
  element_count_ = 0;
  end_reply(pending, books, now);
}

}  // namespace larder::tools
