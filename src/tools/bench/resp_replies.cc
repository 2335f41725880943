#include "tools/bench/resp_replies.h"

#include <optional>

#include "base/numbers.h"

namespace larder::tools {
namespace {

// Redis' own bound of a value. What is larger would be skipped as well, but means that nothing makes sense.
constexpr std::uint64_t bulk_size_max = std::uint64_t{512} << 20;

std::unexpected<Error> senseless(Bytes line) {
  return failure(ErrorKind::malformed, "the server's answer is not what RESP answers: " + quoted(line));
}

}  // namespace

Result<void> RespReplies::scan(Bytes input, PendingRequests& pending, Books& books, BenchTime now) {
  while (!input.empty()) {
    if (value_.is_open()) {
      if (auto taken = value_.take(input); !taken) return taken;
      if (value_.is_open()) break;
      if (value_.is_right()) {
        books.hit(pending);
      } else {
        books.wrong(pending, value_.id());
        is_spoilt_ = true;
      }
      end_element(pending, books, now);
      continue;
    }
    const Result<std::optional<Bytes>> line = lines_.next(input);
    if (!line) return std::unexpected(line.error());
    const std::optional<Bytes>& whole = *line;
    if (!whole) break;
    if (pending.empty()) {
      return failure(ErrorKind::malformed, "the server answers although it was not asked: " + quoted(*whole));
    }
    auto taken = element_count_ == 0 ? begin_reply(*whole, pending, books, now)
                                     : begin_element(*whole, pending, books, now);
    if (!taken) return taken;
  }
  return {};
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
    end_element(pending, books, now);
    return {};
  }
  const auto size = line.starts_with('$') ? parse_uint64(line.substr(1)) : std::nullopt;
  if (!size || *size > bulk_size_max) return senseless(line);
  const std::uint64_t id = pending.ids()[element_index_];
  value_.begin(*size, value_size_of(workload_, id), id, workload_.is_verified);
  return {};
}

void RespReplies::end_element(PendingRequests& pending, Books& books, BenchTime now) {
  if (++element_index_ == element_count_) end_reply(pending, books, now);
}

void RespReplies::end_reply(PendingRequests& pending, Books& books, BenchTime now) {
  books.replied(pending, is_spoilt_, now);
  is_spoilt_ = false;
  element_count_ = 0;
}

}  // namespace larder::tools
