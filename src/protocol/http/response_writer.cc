#include "protocol/http/response_writer.h"

#include <cstdint>
#include <string>
#include <utility>

#include "base/numbers.h"

namespace larder::protocol::http {
namespace {

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

void append_header(Bytes name, Bytes value, Output& output) {
  output.append(name);
  output.append(": ");
  for (const char c : value) output.append(is_control(c) ? '?' : c);
  output.append("\r\n");
}

void append_status_line(int status, Output& output) {
  output.append("HTTP/1.1 ");
  output.append(IntegerText(std::int64_t{status}).bytes());
  output.append(' ');
  output.append(reason_phrase(status));
  output.append("\r\n");
}

}  // namespace

Bytes reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 426:
      return "Upgrade Required";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

namespace {

// Everything before the body. False: there is none.
bool write_head(const ResponseHead& head, std::size_t body_size, Output& output) {
  append_status_line(head.status, output);
  const bool bodiless = head.status == 204 || head.status == 304;
  if (!bodiless) {
    if (!head.content_type.empty()) {
      append_header("Content-Type", head.content_type, output);
      append_header("X-Content-Type-Options", "nosniff", output);
    }
    append_header("Content-Length", IntegerText(std::uint64_t{body_size}).bytes(), output);
  }
  for (const HeaderView& header : head.headers) append_header(header.name, header.value, output);
  if (!head.keep_alive) {
    append_header("Connection", "close", output);
  } else if (head.version_minor == 0) {
    append_header("Connection", "keep-alive", output);
  }
  output.append("\r\n");
  return !bodiless;
}

}  // namespace

void write_response(const ResponseHead& head, Bytes body, Output& output, BodyPolicy policy) {
  if (write_head(head, body.size(), output) && policy == BodyPolicy::send) output.append(body);
}

void write_response_from(const ResponseHead& head, Loan body, Output& output) {
  if (write_head(head, body.bytes().size(), output)) output.append(std::move(body));
}

void write_text(ResponseHead head, Bytes sentence, Output& output, BodyPolicy policy) {
  head.content_type = "text/plain; charset=utf-8";
  std::string line(sentence);
  line += '\n';
  write_response(head, line, output, policy);
}

void write_continue(Output& output) { output.append("HTTP/1.1 100 Continue\r\n\r\n"); }

void write_switching_protocols(std::span<const HeaderView> headers, Output& output) {
  append_status_line(101, output);
  append_header("Connection", "Upgrade", output);
  for (const HeaderView& header : headers) append_header(header.name, header.value, output);
  output.append("\r\n");
}

}  // namespace larder::protocol::http
