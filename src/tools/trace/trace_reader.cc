#include "tools/trace/trace_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/numbers.h"

namespace larder::tools {
namespace {

constexpr std::size_t buffer_size = std::size_t{256} << 10;

// The line as a message may show it: a file may hold anything.
std::string shown(Bytes line) {
  std::string text(line.substr(0, trace_line_size_max));
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return "'" + text + "'";
}

// Takes lines and makes the trace of them.
class TraceBuilder final {
 public:
  TraceBuilder(const std::string& name, std::uint64_t request_count_max)
      : name_(name), request_count_max_(request_count_max) {}

  [[nodiscard]] bool is_full() const { return trace_.request_count() >= request_count_max_; }
  [[nodiscard]] std::uint64_t request_count() const { return trace_.request_count(); }

  Result<void> add(Bytes line) {
    const std::size_t comma = line.find(',');
    const bool has_size = comma != Bytes::npos;
    if (trace_.ids.empty()) has_sizes_ = has_size;
    const std::optional<std::uint64_t> id = parse_uint64(line.substr(0, comma));
    if (line.empty()) return refused("the line is empty");
    if (!id) return refused(shown(line) + " does not start with an id, a decimal number below 2^64");
    if (has_size != has_sizes_) {
      return refused(has_size ? "the line has a size, but the first line has none"
                              : "the line has no size, but the first line has one");
    }
    if (has_size) {
      const std::optional<std::uint64_t> size = parse_uint64(line.substr(comma + 1));
      if (!size) return refused(shown(line) + " has no decimal number behind the comma");
      if (*size > trace_value_size_max) return refused(shown(line) + " has a size of more than 1 TiB");
      trace_.sizes.push_back(*size);
    }
    trace_.ids.push_back(*id);
    return {};
  }

  [[nodiscard]] std::unexpected<Error> refused(const std::string& reason) const {
    return failure(ErrorKind::malformed,
                   name_ + ":" + std::to_string(trace_.request_count() + 1) + ": " + reason);
  }

  Trace take() { return std::move(trace_); }

 private:
  const std::string& name_;
  std::uint64_t request_count_max_;
  bool has_sizes_ = false;
  Trace trace_;
};

std::unexpected<Error> too_long(const TraceBuilder& builder) {
  return builder.refused("the line is longer than " + std::to_string(trace_line_size_max) + " bytes");
}

}  // namespace

Result<Trace> read_trace(ByteSource& source, const std::string& name, std::uint64_t request_count_max,
                         TraceProgress progress) {
  TraceBuilder builder(name, request_count_max);
  std::vector<char> buffer(buffer_size + trace_line_size_max);
  std::size_t kept_size = 0;  // of a line whose end has not been read yet, at the front of the buffer
  while (!builder.is_full()) {
    const Result<std::size_t> size = source.read(std::span(buffer).subspan(kept_size));
    if (!size) return std::unexpected(size.error());
    Bytes text(buffer.data(), kept_size + *size);
    if (*size == 0) {
      // A last line without its line end counts.
      if (!text.empty()) {
        if (const Result<void> added = builder.add(text); !added) return std::unexpected(added.error());
      }
      break;
    }
    for (std::size_t end = 0; !builder.is_full() && (end = text.find('\n')) != Bytes::npos;) {
      if (end > trace_line_size_max) return too_long(builder);
      if (const Result<void> added = builder.add(text.substr(0, end)); !added) {
        return std::unexpected(added.error());
      }
      text.remove_prefix(end + 1);
    }
    if (!builder.is_full() && text.size() > trace_line_size_max) return too_long(builder);
    kept_size = std::min(text.size(), trace_line_size_max);
    std::memmove(buffer.data(), text.data(), kept_size);
    progress(builder.request_count());
  }
  if (builder.request_count() == 0) {
    return failure(ErrorKind::malformed, name + ": there is no request in it");
  }
  return builder.take();
}

}  // namespace larder::tools
