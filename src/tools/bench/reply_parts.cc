#include "tools/bench/reply_parts.h"

#include <algorithm>

namespace larder::tools {
namespace {

std::unexpected<Error> endless() {
  return failure(ErrorKind::malformed, "the server's answer has a line of more than " +
                                           std::to_string(LineCutter::line_size_max) + " bytes");
}

Result<std::optional<Bytes>> without_return(Bytes line) {
  if (line.size() > LineCutter::line_size_max) return endless();
  if (!line.ends_with('\r')) {
    return failure(ErrorKind::malformed, "a line of the server's answer ends without CR: " + quoted(line));
  }
  line.remove_suffix(1);
  return line;
}

}  // namespace

std::string quoted(Bytes bytes) {
  constexpr std::size_t size_max = 60;
  std::string text = "'";
  for (const char c : bytes.substr(0, size_max)) text += c >= ' ' && c <= '~' ? c : '?';
  return text + (bytes.size() > size_max ? "...'" : "'");
}

Result<std::optional<Bytes>> LineCutter::next(Bytes& input) {
  if (is_handed_out_) {
    cut_.clear();
    is_handed_out_ = false;
  }
  const std::size_t end = input.find('\n');
  if (end == Bytes::npos) {
    if (cut_.size() + input.size() > line_size_max) return endless();
    cut_ += input;
    input = {};
    return std::nullopt;
  }
  const Bytes front = input.substr(0, end);
  input.remove_prefix(end + 1);
  if (cut_.empty()) return without_return(front);
  cut_ += front;
  is_handed_out_ = true;
  return without_return(cut_);
}

void PassingValue::begin(std::uint64_t size, std::uint64_t expected_size, std::uint64_t id,
                         bool is_verified) {
  left_size_ = size + line_end_size;
  id_ = id;
  is_right_ = size == expected_size;
  is_verified_ = is_verified;
  key_place_ = 0;
  if (is_verified) write_object_key(id, key_);
}

Result<void> PassingValue::take(Bytes& input) {
  if (left_size_ > line_end_size) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(left_size_ - line_end_size, input.size()));
    if (is_verified_ && is_right_) compare(input.substr(0, size));
    input.remove_prefix(size);
    left_size_ -= size;
  }
  // Byte by byte: they may come apart.
  for (; left_size_ > 0 && left_size_ <= line_end_size && !input.empty(); --left_size_) {
    if (input.front() != (left_size_ == line_end_size ? '\r' : '\n')) {
      return failure(ErrorKind::malformed, "no line end follows a value in the server's answer");
    }
    input.remove_prefix(1);
  }
  return {};
}

void PassingValue::compare(Bytes bytes) {
  const Bytes key(key_, sizeof key_);
  while (!bytes.empty() && is_right_) {
    const Bytes wanted = key.substr(key_place_, bytes.size());
    is_right_ = bytes.starts_with(wanted);
    bytes.remove_prefix(wanted.size());
    key_place_ = (key_place_ + wanted.size()) % key.size();
  }
}

}  // namespace larder::tools
