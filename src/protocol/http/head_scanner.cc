#include "protocol/http/head_scanner.h"

#include "protocol/http/grammar.h"

namespace larder::protocol::http {

HeadScanner::Verdict HeadScanner::scan(Bytes input) {
  while (offset_ < input.size()) {
    const char byte = input[offset_];
    const bool line_start = offset_ == line_offset_;
    const bool after_cr = !line_start && input[offset_ - 1] == '\r';
    if (after_cr != (byte == '\n')) {
      return refuse(400, after_cr ? "A carriage return stands without a line feed."
                                  : "A line feed stands without a carriage return.");
    }
    if (!is_field_byte(byte) && byte != '\r' && byte != '\n') {
      return refuse(400, "The head of the request holds a control character.");
    }
    if (line_start && fields_offset_ != 0 && (byte == ' ' || byte == '\t')) {
      return refuse(400, "A header is folded over several lines.");
    }
    if (fields_offset_ == 0 && offset_ >= request_line_size_max_) {
      return refuse(414, "The request line is longer than this server reads.");
    }
    if (fields_offset_ != 0 && offset_ - fields_offset_ >= header_size_max_) {
      return refuse(431, "The headers are larger than this server reads.");
    }
    ++offset_;
    if (byte == '\n') {
      if (const Verdict verdict = end_line(input); verdict != Verdict::more) return verdict;
    }
  }
  return Verdict::more;
}

/// A line ends before offset_.
HeadScanner::Verdict HeadScanner::end_line(Bytes input) {
  const Bytes line = input.substr(line_offset_, offset_ - line_offset_ - 2);
  line_offset_ = offset_;
  if (fields_offset_ != 0) return line.empty() ? Verdict::whole : Verdict::more;

  fields_offset_ = offset_;
  const Bytes version = line.substr(line.rfind(' ') + 1);  // the whole line if there is no space
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7])) {
    return refuse(400, "The request line does not end with an HTTP version.");
  }
  if (version != "HTTP/1.0" && version != "HTTP/1.1") {
    return refuse(505, "This server speaks HTTP/1.0 and HTTP/1.1 only.");
  }
  return Verdict::more;
}

}  // namespace larder::protocol::http
