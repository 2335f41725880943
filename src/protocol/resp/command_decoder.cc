#include "protocol/resp/command_decoder.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/numbers.h"

namespace larder::protocol {
namespace {

// What a connection keeps for its next command. One with more arguments than this is rare, and its memory
// would otherwise stay with an idle connection.
constexpr std::size_t kept_argument_count = 256;

// The size of a slice that stands for an argument in the sink; its offset is that one's index.
constexpr std::size_t sunk = Bytes::npos;

constexpr const char* bulk_length_error = "Protocol error: invalid bulk length";
constexpr const char* array_length_error = "Protocol error: invalid multibulk length";
constexpr const char* stranger_bulk_error = "Protocol error: unauthenticated bulk length";
constexpr const char* stranger_array_error = "Protocol error: unauthenticated multibulk length";

// The number in "*12\r" or "$12\r".
std::optional<std::int64_t> header_number(Bytes line) {
  if (line.size() < 2 || line.back() != '\r') return std::nullopt;
  return parse_int64(line.substr(1, line.size() - 2));
}

std::string missing_dollar(char got) {
  if (got == '\r' || got == '\n') {
    got = ' ';
  } else if (got < ' ' || got > '~') {
    got = '?';
  }
  return std::string("Protocol error: expected '$', got '") + got + "'";
}

}  // namespace

// The line that starts at offset_, its '\r' included; offset_ then stands behind it. Whether a line is too
// long depends on its own bytes and not on where reads happened to cut it.
Result<std::optional<Bytes>> CommandDecoder::take_line(Bytes input, const char* too_long) {
  const Bytes rest = input.substr(offset_);
  const std::size_t size = rest.find('\n', scanned_size_);
  if (std::min(size, rest.size()) > limits_.inline_size_max) return failure(ErrorKind::malformed, too_long);
  if (size == Bytes::npos) {
    scanned_size_ = rest.size();
    return std::optional<Bytes>();
  }
  scanned_size_ = 0;
  offset_ += size + 1;
  return rest.substr(0, size);
}

Result<std::optional<Command>> CommandDecoder::next(Bytes input) {
  const bool is_repeated = std::exchange(repeats_, false);
  if (stage_ == Stage::start && !is_repeated) forget_command();
  LARDER_ASSERT(input.size() >= offset_);
  input_size_min_ = 0;
  for (std::vector<Bytes>* const views : {&arguments_, &passed_}) {
    views->clear();
    if (views->capacity() > kept_argument_count) std::vector<Bytes>().swap(*views);
  }
  if (is_repeated) return finish(input, offset_);
  if (stage_ == Stage::start) {
    if (input.empty()) return std::nullopt;
    if (input.front() != '*') return next_inline(input);
    const auto read = read_array_header(input);
    if (!read) return std::unexpected(read.error());
    if (!*read) return std::nullopt;
  }
  while (arguments_missing_ > 0) {
    const auto read = stage_ == Stage::argument_header ? read_argument_header(input)
                      : stage_ == Stage::argument      ? read_argument(input)
                                                       : read_sunk_argument(input);
    if (!read) return std::unexpected(read.error());
    if (*read) continue;
    const bool drops = skipping_ || stage_ == Stage::sunk_argument;
    if (!drops || offset_ == 0) return std::nullopt;
    const std::size_t size = std::exchange(offset_, 0);
    consumed_size_ += size;
    return Command{.arguments = {}, .size = size};
  }
  return finish(input, offset_);
}

Result<bool> CommandDecoder::read_array_header(Bytes input) {
  const auto taken = take_line(input, "Protocol error: too big mbulk count string");
  if (!taken) return std::unexpected(taken.error());
  const std::optional<Bytes>& line = *taken;
  if (!line) return false;
  const auto count = header_number(*line);
  if (!count || *count > INT32_MAX) return failure(ErrorKind::malformed, array_length_error);
  const std::size_t missing = *count > 0 ? static_cast<std::size_t>(*count) : 0;
  if (is_stranger_ && missing > limits_.stranger_argument_count_max) {
    return failure(ErrorKind::malformed, stranger_array_error);
  }
  if (missing > limits_.argument_count_max) return failure(ErrorKind::malformed, array_length_error);
  arguments_missing_ = missing;
  stage_ = Stage::argument_header;
  return true;
}

Result<bool> CommandDecoder::read_argument_header(Bytes input) {
  if (offset_ < input.size() && input[offset_] != '$') {
    return failure(ErrorKind::malformed, missing_dollar(input[offset_]));
  }
  const auto taken = take_line(input, "Protocol error: too big bulk count string");
  if (!taken) return std::unexpected(taken.error());
  const std::optional<Bytes>& line = *taken;
  if (!line) return false;
  const auto announced = header_number(*line);
  if (!announced || *announced < 0) return refuse_length(input, bulk_length_error);
  const auto size = static_cast<std::uint64_t>(*announced);
  if (size > std::max(limits_.skipped_size_max, limits_.bulk_size_max)) {
    return refuse_length(input, bulk_length_error);
  }
  if (is_stranger_ && size > limits_.stranger_bulk_size_max) return refuse_length(input, stranger_bulk_error);
  argument_size_ = static_cast<std::size_t>(size);
  stage_ = Stage::argument;
  shows_passed_ = skipping_ && argument_size_ <= limits_.passed_size_max;
  if (skipping_) return true;
  if (argument_size_ > limits_.bulk_size_max) return refuse(input, "string exceeds maximum allowed size");
  if (consumed_size_ + offset_ + argument_size_ + 2 > limits_.command_size_max) {
    return refuse(input, "command exceeds maximum allowed size");
  }
  if (sink_ != nullptr && argument_size_ >= limits_.sunk_size_min && sink_takes_argument(input)) {
    stage_ = Stage::sunk_argument;
  }
  return true;
}

bool CommandDecoder::sink_takes_argument(Bytes input) {
  if (slices_.empty() || !sink_->begin(view_of(slices_.front(), input), slices_.size(), argument_size_)) {
    return false;
  }
  head_.append(input.substr(text_start_, offset_ - text_start_));
  return true;
}

Result<bool> CommandDecoder::read_sunk_argument(Bytes input) {
  const std::size_t size = std::min(argument_size_, input.size() - offset_);
  if (size > 0 && !sink_->append(input.substr(offset_, size))) {
    text_start_ = offset_;
    skipping_ = true;
    shows_passed_ = false;
    stage_ = Stage::argument;
    collect_arguments(input);
    drop_slices();
    return failure(ErrorKind::overloaded, "no memory for this argument");
  }
  offset_ += size;
  argument_size_ -= size;
  if (argument_size_ > 0 || input.size() - offset_ < 2) return false;
  if (input.substr(offset_, 2) != "\r\n") return failure(ErrorKind::malformed, bulk_length_error);
  offset_ += 2;
  text_start_ = offset_;
  slices_.push_back({.offset = sunk_.size(), .size = sunk});
  sunk_.push_back(sink_->whole());
  --arguments_missing_;
  stage_ = Stage::argument_header;
  return true;
}

Result<bool> CommandDecoder::read_argument(Bytes input) {
  if (skipping_ && !shows_passed_) {
    const std::size_t size = std::min(argument_size_, input.size() - offset_);
    offset_ += size;
    argument_size_ -= size;
  }
  if (input.size() - offset_ < argument_size_ + 2) {
    if (!skipping_) input_size_min_ = offset_ + argument_size_ + 2;
    return false;
  }
  if (input.substr(offset_ + argument_size_, 2) != "\r\n") {
    return failure(ErrorKind::malformed, bulk_length_error);
  }
  if (skipping_) {
    passed_.push_back(shows_passed_ ? input.substr(offset_, argument_size_) : Bytes{});
  } else {
    slices_.push_back({.offset = head_.size() + offset_ - text_start_, .size = argument_size_});
  }
  offset_ += argument_size_ + 2;
  argument_size_ = 0;
  --arguments_missing_;
  stage_ = Stage::argument_header;
  return true;
}

Result<std::optional<Command>> CommandDecoder::next_inline(Bytes input) {
  const auto taken = take_line(input, "Protocol error: too big inline request");
  if (!taken) {
    collect_inline_start(input.substr(0, limits_.inline_size_max));
    return std::unexpected(taken.error());
  }
  const std::optional<Bytes>& whole = *taken;
  if (!whole) return std::nullopt;
  Bytes line = *whole;
  if (line.ends_with('\r')) line.remove_suffix(1);
  inline_text_.clear();
  if (!split_inline_command(line, inline_text_, slices_)) {
    return failure(ErrorKind::malformed, "Protocol error: unbalanced quotes in request");
  }
  return finish(inline_text_, offset_);
}

std::unexpected<Error> CommandDecoder::refuse(Bytes input, const char* message) {
  skipping_ = true;
  // A short argument that only the command's own limit refuses may be a key: it is shown as well.
  shows_passed_ = argument_size_ <= limits_.passed_size_max;
  collect_arguments(input);
  drop_slices();
  return failure(ErrorKind::too_large, message);
}

// While skipping, the front of the command is gone: its arguments were shown when it was refused.
std::unexpected<Error> CommandDecoder::refuse_length(Bytes input, const char* message) {
  if (!skipping_) collect_arguments(input);
  drop_slices();
  return failure(ErrorKind::malformed, message);
}

// The words of a line that goes on behind `line`: the last is whole only if a blank follows it.
void CommandDecoder::collect_inline_start(Bytes line) {
  inline_text_.clear();
  const bool last_is_cut = split_inline_command(line, inline_text_, slices_) && !line.ends_with(' ');
  if (last_is_cut && !slices_.empty()) slices_.pop_back();
  collect_arguments(inline_text_);
  drop_slices();
}

void CommandDecoder::collect_arguments(Bytes text) {
  arguments_.reserve(slices_.size());
  for (const Slice& slice : slices_) arguments_.push_back(view_of(slice, text));
}

Bytes CommandDecoder::view_of(const Slice& slice, Bytes text) const {
  if (slice.size == sunk) return sunk_[slice.offset];
  if (slice.offset < head_.size()) return Bytes(head_).substr(slice.offset, slice.size);
  return text.substr(slice.offset - head_.size() + text_start_, slice.size);
}

void CommandDecoder::drop_slices() {
  slices_.clear();
  if (slices_.capacity() > kept_argument_count) std::vector<Slice>().swap(slices_);
}

// With the first byte of the next.
void CommandDecoder::forget_command() {
  if (consumed_size_ == 0 && head_.empty()) return;
  drop_slices();
  sunk_.clear();
  std::string().swap(head_);
  offset_ = text_start_ = consumed_size_ = 0;
}

Command CommandDecoder::finish(Bytes text, std::size_t size) {
  collect_arguments(text);
  stage_ = Stage::start;
  skipping_ = false;
  if (sunk_.empty()) {
    drop_slices();
    offset_ = 0;
  }
  return {.arguments = arguments_, .size = size};
}

std::size_t CommandDecoder::memory_size() const {
  return slices_.capacity() * sizeof(Slice) + (arguments_.capacity() + passed_.capacity()) * sizeof(Bytes) +
         inline_text_.capacity() + head_.capacity() + sunk_.capacity() * sizeof(Bytes);
}

}  // namespace larder::protocol
