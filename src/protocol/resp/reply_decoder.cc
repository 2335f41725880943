#include "protocol/resp/reply_decoder.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/numbers.h"

namespace larder::protocol {
namespace {

std::unexpected<Error> malformed(const char* message) { return failure(ErrorKind::malformed, message); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RESP3 allows a '+' that parse_int64 does not.
std::optional<std::int64_t> read_integer(Bytes text) {
  if (text.size() > 1 && text.front() == '+' && is_digit(text[1])) text.remove_prefix(1);
  return parse_int64(text);
}

// from_chars would also take "infinity", "nan(...)" and the like, which are not RESP.
std::optional<double> read_number(Bytes text) {
  if (text == "inf" || text == "+inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  if (text == "nan" || text == "-nan") return std::numeric_limits<double>::quiet_NaN();
  if (text.starts_with('+')) text.remove_prefix(1);
  const Bytes digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || !is_digit(digits.front())) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_big_number(Bytes text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

// What "type text" is worth if it is a reply in itself; null if it is not one.
std::optional<Reply> scalar(char type, Bytes text) {
  Reply reply;
  switch (type) {
    case '+':
      reply.kind = Reply::Kind::simple_string;
      reply.text = text;
      return reply;
    case '-':
      reply.kind = Reply::Kind::error;
      reply.text = text;
      return reply;
    case ':':
      if (const auto value = read_integer(text)) {
        reply.kind = Reply::Kind::integer;
        reply.integer = *value;
        return reply;
      }
      return std::nullopt;
    case ',':
      if (const auto value = read_number(text)) {
        reply.kind = Reply::Kind::number;
        reply.number = *value;
        return reply;
      }
      return std::nullopt;
    case '#':
      if (text != "t" && text != "f") return std::nullopt;
      reply.kind = Reply::Kind::boolean;
      reply.boolean = text == "t";
      return reply;
    case '(':
      if (!is_big_number(text)) return std::nullopt;
      reply.kind = Reply::Kind::big_number;
      reply.text = text;
      return reply;
    case '_':
      if (!text.empty()) return std::nullopt;
      return reply;
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<std::optional<Reply>> ReplyDecoder::next(Bytes input) {
  consumed_ = 0;
  std::optional<Reply> whole;
  while (!whole) {
    const Bytes rest = input.substr(consumed_);
    const auto read = in_bulk_ ? read_bulk(rest, whole) : read_line(rest, whole);
    if (!read) return std::unexpected(read.error());
    if (!*read) return std::nullopt;
  }
  element_count_ = 0;
  reply_size_ = 0;
  return whole;
}

Result<bool> ReplyDecoder::read_line(Bytes input, std::optional<Reply>& whole) {
  const std::size_t size = input.find('\n', scanned_size_);
  if (std::min(size, input.size()) > limits_.line_size_max) {
    return failure(ErrorKind::too_large, "a line of the reply is too long");
  }
  if (size == Bytes::npos) {
    scanned_size_ = input.size();
    return false;
  }
  scanned_size_ = 0;
  consumed_ += size + 1;
  if (size < 2 || input[size - 1] != '\r') return malformed("a line of the reply does not end in CR LF");
  const char type = input.front();
  const Bytes text = input.substr(1, size - 2);
  if (text.contains('\r')) return malformed("a line of the reply holds a CR");
  switch (type) {
    case '$':
      return begin_bulk(text, Reply::Kind::bulk, whole);
    case '=':
      return begin_bulk(text, Reply::Kind::verbatim, whole);
    case '!':
      return begin_bulk(text, Reply::Kind::error, whole);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      return begin_aggregate(type, text, whole);
    default:
      break;
  }
  auto reply = scalar(type, text);
  if (!reply) return malformed("the reply has an unknown type or an invalid value");
  complete(std::move(*reply), whole);
  return true;
}

Result<bool> ReplyDecoder::begin_bulk(Bytes number, Reply::Kind kind, std::optional<Reply>& whole) {
  const auto announced = parse_int64(number);
  if (kind == Reply::Kind::bulk && announced == -1) {
    complete(Reply{}, whole);
    return true;
  }
  if (!announced || *announced < 0) return malformed("the reply has an invalid bulk length");
  const auto size = static_cast<std::uint64_t>(*announced);
  if (kind == Reply::Kind::verbatim && size < 4) return malformed("a verbatim string without a format");
  if (size > limits_.reply_size_max - reply_size_) {
    return failure(ErrorKind::too_large, "the reply is too large");
  }
  reply_size_ += static_cast<std::size_t>(size);
  bulk_size_ = static_cast<std::size_t>(size);
  in_bulk_ = true;
  bulk_ = Reply{};
  bulk_.kind = kind;
  return true;
}

Result<bool> ReplyDecoder::read_bulk(Bytes input, std::optional<Reply>& whole) {
  const std::size_t size = std::min(bulk_size_, input.size());
  bulk_.text.append(input.substr(0, size));
  bulk_size_ -= size;
  consumed_ += size;
  input.remove_prefix(size);
  if (input.size() < 2) return false;  // with bytes of the bulk still to come the input is empty here
  if (!input.starts_with("\r\n")) return malformed("a bulk of the reply does not end in CR LF");
  consumed_ += 2;
  in_bulk_ = false;
  if (bulk_.kind == Reply::Kind::verbatim) {
    if (bulk_.text[3] != ':') return malformed("a verbatim string without a format");
    std::copy_n(bulk_.text.begin(), 3, bulk_.format.begin());
    bulk_.text.erase(0, 4);
  }
  complete(std::exchange(bulk_, Reply{}), whole);
  return true;
}

Result<bool> ReplyDecoder::begin_aggregate(char type, Bytes number, std::optional<Reply>& whole) {
  const auto announced = parse_int64(number);
  if (type == '*' && announced == -1) {
    complete(Reply{}, whole);
    return true;
  }
  if (!announced || *announced < 0) return malformed("the reply has an invalid element count");
  const auto count = static_cast<std::uint64_t>(*announced);
  const std::size_t elements_left = limits_.element_count_max - element_count_;
  const std::size_t factor = type == '%' || type == '|' ? 2 : 1;
  if (count > elements_left / factor) {
    return failure(ErrorKind::too_large, "the reply has too many elements");
  }
  if (frames_.size() >= limits_.depth_max) {
    return failure(ErrorKind::too_large, "the reply is nested too deeply");
  }
  Frame frame;
  frame.missing = static_cast<std::size_t>(count) * factor;
  frame.is_attribute = type == '|';
  frame.reply.kind = type == '%'   ? Reply::Kind::map
                     : type == '~' ? Reply::Kind::set
                     : type == '>' ? Reply::Kind::push
                                   : Reply::Kind::array;
  element_count_ += frame.missing;
  if (frame.missing > 0) {
    frames_.push_back(std::move(frame));
  } else if (!frame.is_attribute) {
    complete(std::move(frame.reply), whole);
  }
  return true;
}

// Puts a complete reply where it belongs, and closes every aggregate that this completes.
void ReplyDecoder::complete(Reply reply, std::optional<Reply>& whole) {
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    frame.reply.elements.push_back(std::move(reply));
    if (--frame.missing > 0) return;
    const bool is_attribute = frame.is_attribute;
    reply = std::move(frame.reply);
    frames_.pop_back();
    if (is_attribute) return;
  }
  whole = std::move(reply);
}

}  // namespace larder::protocol
