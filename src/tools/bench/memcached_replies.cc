#include "tools/bench/memcached_replies.h"

#include <optional>
#include <span>

#include "base/numbers.h"

namespace larder::tools {
namespace {

constexpr Bytes value_word = "VALUE ";

// No server's items are larger (-I); what is larger means that nothing makes sense.
constexpr std::uint64_t told_size_max = std::uint64_t{1} << 30;

// "0 64" and "0 64 17" with a compare token: the number in the middle.
std::optional<std::uint64_t> size_of(Bytes flags_and_size) {
  const std::size_t space = flags_and_size.find(' ');
  if (space == Bytes::npos || !parse_uint64(flags_and_size.substr(0, space))) return std::nullopt;
  const Bytes rest = flags_and_size.substr(space + 1);
  return parse_uint64(rest.substr(0, rest.find(' ')));
}

bool is_refusal(Bytes line) {
  return line == "ERROR" || line == "NOT_STORED" || line.starts_with("CLIENT_ERROR ") ||
         line.starts_with("SERVER_ERROR ");
}

}  // namespace

Result<void> MemcachedReplies::take_line(Bytes line, PendingRequests& pending, Books& books, BenchTime now) {
  if (is_refusal(line)) {
    books.refused(pending, line);
    is_spoilt_ = false;  // counted once, whatever came before the error
    end_whole_reply(pending, books, now);
    return {};
  }
  if (!pending.is_read()) {
    if (line != "STORED") return senseless(line);
    books.stored(pending);
    end_whole_reply(pending, books, now);
    return {};
  }
  if (line != "END") return begin_item(line, pending, books);
  for (; key_index_ < pending.ids().size(); ++key_index_) books.miss(pending);
  end_whole_reply(pending, books, now);
  return {};
}

Result<void> MemcachedReplies::begin_item(Bytes line, PendingRequests& pending, Books& books) {
  if (!line.starts_with(value_word)) return senseless(line);
  const Bytes key = line.substr(value_word.size(), object_key_size);
  const Bytes rest = line.substr(value_word.size() + key.size());
  const auto size = rest.starts_with(' ') ? size_of(rest.substr(1)) : std::nullopt;
  if (!size || *size > told_size_max) return senseless(line);
  for (const std::span<const std::uint64_t> ids = pending.ids(); key_index_ < ids.size(); ++key_index_) {
    const std::uint64_t id = ids[key_index_];
    char wanted[object_key_size];
    write_object_key(id, wanted);
    if (key == Bytes(wanted, sizeof wanted)) {
      ++key_index_;
      begin_value(*size, id);
      return {};
    }
    books.miss(pending);
  }
  return failure(ErrorKind::malformed,
                 "the server answers for a key that it was not asked for: " + quoted(line));
}

void MemcachedReplies::end_whole_reply(PendingRequests& pending, Books& books, BenchTime now) {
  key_index_ = 0;
  end_reply(pending, books, now);
}

}  // namespace larder::tools
