#include "protocol/resp/reply_encoder.h"

#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "base/numbers.h"

namespace larder::protocol {
namespace {

// The shortest digits that read back as the same double; 24 bytes are the longest of them.
class NumberText final {
 public:
  explicit NumberText(double value) {
    if (std::isnan(value)) {
      bytes_ = "nan";
    } else if (std::isinf(value)) {
      bytes_ = value > 0 ? "inf" : "-inf";
    } else {
      const auto end = std::to_chars(text_, text_ + sizeof text_, value).ptr;
      bytes_ = {text_, static_cast<std::size_t>(end - text_)};
    }
  }
  NumberText(const NumberText&) = delete;
  NumberText& operator=(const NumberText&) = delete;
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  char text_[32];
  Bytes bytes_;
};

// "$64\r\n", written from its end on, so that it is appended at once.
class HeaderText final {
 public:
  HeaderText(char type, std::size_t number) {
    *--begin_ = '\n';
    *--begin_ = '\r';
    for (; number >= 10; number /= 10) *--begin_ = static_cast<char>('0' + number % 10);
    *--begin_ = static_cast<char>('0' + number);
    *--begin_ = type;
  }
  HeaderText(const HeaderText&) = delete;
  HeaderText& operator=(const HeaderText&) = delete;
  [[nodiscard]] Bytes bytes() const { return {begin_, static_cast<std::size_t>(std::end(text_) - begin_)}; }

 private:
  char text_[24];  // a type, at most twenty digits, a line end
  char* begin_ = std::end(text_);
};

}  // namespace

void ReplyEncoder::line(char type, Bytes text) {
  output_.append(type);
  while (true) {
    const std::size_t size = text.find_first_of("\r\n");
    output_.append(text.substr(0, size));
    if (size == Bytes::npos) break;
    output_.append(' ');
    text.remove_prefix(size + 1);
  }
  output_.append("\r\n");
}

void ReplyEncoder::header(char type, std::size_t number) { output_.append(HeaderText(type, number).bytes()); }

void ReplyEncoder::integer(std::int64_t value) {
  output_.append(':');
  output_.append(IntegerText(value).bytes());
  output_.append("\r\n");
}

void ReplyEncoder::bulk(Bytes bytes) {
  header('$', bytes.size());
  output_.append(bytes);
  output_.append("\r\n");
}

void ReplyEncoder::bulk(Loan loan) {
  header('$', loan.bytes().size());
  output_.append(std::move(loan));
  output_.append("\r\n");
}

void ReplyEncoder::null() { output_.append(version_ == RespVersion::resp3 ? "_\r\n" : "$-1\r\n"); }

void ReplyEncoder::null_array() { output_.append(version_ == RespVersion::resp3 ? "_\r\n" : "*-1\r\n"); }

void ReplyEncoder::map(std::size_t pair_count) {
  if (version_ == RespVersion::resp3) {
    header('%', pair_count);
  } else {
    header('*', 2 * pair_count);
  }
}

void ReplyEncoder::set(std::size_t count) { header(version_ == RespVersion::resp3 ? '~' : '*', count); }

void ReplyEncoder::push(std::size_t count) { header(version_ == RespVersion::resp3 ? '>' : '*', count); }

void ReplyEncoder::number(double value) {
  const NumberText text(value);
  if (version_ == RespVersion::resp3) {
    line(',', text.bytes());
  } else {
    bulk(text.bytes());
  }
}

void ReplyEncoder::boolean(bool value) {
  if (version_ == RespVersion::resp3) {
    output_.append(value ? "#t\r\n" : "#f\r\n");
  } else {
    integer(value ? 1 : 0);
  }
}

void ReplyEncoder::big_number(Bytes digits) {
  if (version_ == RespVersion::resp3) {
    line('(', digits);
  } else {
    bulk(digits);
  }
}

void ReplyEncoder::verbatim(Bytes format, Bytes text) {
  LARDER_ASSERT(format.size() == 3);
  if (version_ == RespVersion::resp2) {
    bulk(text);
    return;
  }
  header('=', format.size() + 1 + text.size());
  output_.append(format);
  output_.append(':');
  output_.append(text);
  output_.append("\r\n");
}

void ReplyEncoder::bulk_error(Bytes text) {
  if (version_ == RespVersion::resp2) {
    error(text);
    return;
  }
  header('!', text.size());
  output_.append(text);
  output_.append("\r\n");
}

}  // namespace larder::protocol
