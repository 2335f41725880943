#include "protocol/http/request_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/numbers.h"
#include "protocol/http/chunk_decoder.h"
#include "protocol/http/grammar.h"
#include "protocol/http/head_scanner.h"

namespace larder::protocol::http {
namespace {

namespace beast_http = boost::beast::http;

// ---------------------------------------------------------------------------------------------------------
// The rules of ours.

/// RFC 3986 host and port. What may stand in a Host, and nothing that a second reader could take for
/// structure.
bool is_host(Bytes text) {
  return std::ranges::all_of(
      text, [](char c) { return is_alphanumeric(c) || Bytes("-._~%!$&'()*+,;=:[]").find(c) != Bytes::npos; });
}

/// RFC 9112, 6.1 and 6.3. A body whose last coding is not `chunked` ends nobody knows where, and `chunked`
/// twice is malformed: 400. A coding below it that is not known leaves the end known: 501.
Refusal check_codings(Bytes codings) {
  const auto comma = codings.rfind(',');
  const Bytes last = comma == Bytes::npos ? codings : trim(codings.substr(comma + 1));
  if (!equals_ignoring_case(last, "chunked")) return {400, "The last Transfer-Encoding is not chunked."};
  if (comma == Bytes::npos) return {};
  for (Bytes rest = codings.substr(0, comma); !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    if (equals_ignoring_case(trim(rest.substr(0, end)), "chunked")) {
      return {400, "The Transfer-Encoding is chunked more than once."};
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {501, "This server knows no Transfer-Encoding but chunked."};
}

/// What RFC 9112 demands of a server and Beast does not check.
Refusal check_head(const Request& request) {
  const std::size_t host_count = request.count("Host");
  if (host_count == 0 && request.version_minor >= 1) return {400, "The request has no Host header."};
  if (host_count > 1) return {400, "The request has more than one Host header."};
  if (host_count == 1 && !is_host(*request.find("Host"))) return {400, "The Host header is not a host."};

  const std::size_t length_count = request.count("Content-Length");
  if (length_count > 1) return {400, "The request has more than one Content-Length header."};
  if (length_count == 1 && !std::ranges::all_of(*request.find("Content-Length"), is_digit)) {
    return {400, "The Content-Length is not a number."};
  }

  // Anything but a single `chunked` would need a decoder that is not here; guessing where such a body ends is
  // how requests are smuggled.
  const std::size_t encoding_count = request.count("Transfer-Encoding");
  if (encoding_count > 0) {
    if (length_count > 0) return {400, "The request has both a Content-Length and a Transfer-Encoding."};
    if (request.version_minor == 0) return {400, "A Transfer-Encoding needs HTTP/1.1."};
    if (encoding_count > 1) return {400, "The request has more than one Transfer-Encoding header."};
    if (Refusal refusal = check_codings(*request.find("Transfer-Encoding")); refusal.status != 0)
      return refusal;
  }

  const std::string* expectation = request.find("Expect");
  if (expectation != nullptr && request.version_minor >= 1 &&
      (request.count("Expect") > 1 || !equals_ignoring_case(*expectation, "100-continue"))) {
    return {417, "This server meets no expectation but 100-continue."};
  }
  return {};
}

bool keeps_alive(const Request& request) {
  if (request.has_token("Connection", "close")) return false;
  return request.version_minor >= 1 || request.has_token("Connection", "keep-alive");
}

/// Beast's errors as a status and a sentence.
Refusal refusal_of(const boost::beast::error_code& code) {
  switch (static_cast<beast_http::error>(code.value())) {
    case beast_http::error::bad_method:
      return {400, "The request line does not start with a method."};
    case beast_http::error::bad_target:
      return {400, "The request line has no valid target."};
    case beast_http::error::bad_version:
      return {400, "The request line does not end with an HTTP version."};
    case beast_http::error::bad_field:
      return {400, "A header line does not start with a name and a colon."};
    case beast_http::error::bad_content_length:
    case beast_http::error::multiple_content_length:
      return {400, "The Content-Length is not one number, or stands beside a Transfer-Encoding."};
    case beast_http::error::bad_transfer_encoding:
      return {400, "The Transfer-Encoding contradicts another header."};
    default:
      return {400, "The head of the request is malformed."};
  }
}

// ---------------------------------------------------------------------------------------------------------
// Beast's parser, for one head.

/// Collects one head. Bodies are not Beast's (see chunk_decoder.h): for it every message ends with its head.
class HeadParser final : public beast_http::basic_parser<true> {
 public:
  HeadParser(Request& request, std::size_t header_count_max)
      : request_(request), header_count_max_(header_count_max) {
    skip(true);
    header_limit(std::numeric_limits<std::uint32_t>::max());  // the head scanner has the limits
  }

  /// `head` is a whole one, as HeadScanner found it.
  Refusal parse(Bytes head) {
    boost::beast::error_code code;
    const std::size_t size = put(boost::asio::const_buffer(head.data(), head.size()), code);
    if (refusal_.status != 0) return refusal_;
    // need_more, or bytes left over, would mean that Beast and the scanner disagree about where the head
    // ends.
    if (code.failed() || !is_done() || size != head.size()) return refusal_of(code);
    return {};
  }

 private:
  using Code = boost::beast::error_code;
  using View = boost::beast::string_view;
  using Length = boost::optional<std::uint64_t>;

  void on_request_impl(beast_http::verb, View method, View target, int version, Code&) override {
    request_.method.assign(method.data(), method.size());
    request_.target.assign(target.data(), target.size());
    request_.version_minor = version - 10;
  }

  void on_field_impl(beast_http::field, View name, View value, Code& code) override {
    if (request_.headers.size() == header_count_max_) {
      refusal_ = {431, "The request has more headers than this server reads."};
      code = beast_http::error::header_limit;
      return;
    }
    request_.headers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }

  void on_response_impl(int, View, int, Code&) override {}
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const Length&, Code&) override {}
  std::size_t on_body_impl(View body, Code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Code&) override { return body.size(); }
  void on_finish_impl(Code&) override {}

  Request& request_;
  std::size_t header_count_max_;
  Refusal refusal_;
};

}  // namespace

// ---------------------------------------------------------------------------------------------------------

class RequestParser::Impl final {
 public:
  Impl(const RequestLimits& limits, BodySink* sink) : limits_(limits), sink_(sink) { start_message(); }

  void set_head_limits(std::size_t request_line_size_max, std::size_t header_size_max) {
    limits_.request_line_size_max = request_line_size_max;
    limits_.header_size_max = header_size_max;
    if (part_ == Part::empty_line) scanner_ = HeadScanner(request_line_size_max, header_size_max);
  }

  Result<std::optional<Request>> next(Bytes input) {
    const std::size_t size = input.size();
    if (refusal_.status == 0) advance(input);
    consumed_ = size - input.size();
    if (refusal_.status != 0) return failure(kind_of(refusal_.status), refusal_.message);
    if (part_ != Part::whole) return std::nullopt;

    std::optional<Request> request(std::move(request_));
    start_message();
    return request;
  }

  [[nodiscard]] std::size_t consumed() const { return consumed_; }
  [[nodiscard]] const Request* arriving() const { return part_ > Part::head ? &request_ : nullptr; }
  [[nodiscard]] int error_status() const { return refusal_.status; }
  [[nodiscard]] bool awaits_continue() const { return awaits_continue_; }
  void continue_sent() { awaits_continue_ = false; }

 private:
  // In the order in which a request passes through them.
  enum class Part : std::uint8_t { empty_line, head, sized_body, chunked_body, whole };

  static ErrorKind kind_of(int status) {
    if (status == 413 || status == 414 || status == 431) return ErrorKind::too_large;
    if (status == 507) return ErrorKind::overloaded;
    if (status == 417 || status == 501 || status == 505) return ErrorKind::unsupported;
    return ErrorKind::malformed;
  }

  void start_message() {
    part_ = Part::empty_line;
    request_ = {};
    scanner_ = HeadScanner(limits_.request_line_size_max, limits_.header_size_max);
    awaits_continue_ = false;
    is_sunk_ = false;
    sunk_size_ = 0;
  }

  void advance(Bytes& input) {
    if (part_ == Part::empty_line) skip_empty_line(input);
    if (part_ == Part::head) read_head(input);
    if (part_ > Part::head && !input.empty()) awaits_continue_ = false;
    if (part_ == Part::sized_body && is_sunk_) {
      sink_body(input);
    } else if (part_ == Part::sized_body) {
      read_sized_body(input);
    }
    if (part_ == Part::chunked_body) read_chunked_body(input);
  }

  // RFC 9112 2.2: a server ignores an empty line before the request line, which old clients send after a
  // body. One is courtesy; a stream of them would be a connection that never says anything.
  void skip_empty_line(Bytes& input) {
    if (input.empty() || input == "\r") return;
    if (input.starts_with("\r\n")) input.remove_prefix(2);
    part_ = Part::head;
  }

  void read_head(Bytes& input) {
    const HeadScanner::Verdict verdict = scanner_.scan(input);
    if (verdict == HeadScanner::Verdict::more) return;
    refusal_ = scanner_.refusal();
    if (verdict == HeadScanner::Verdict::refused) return;

    const Bytes head = input.substr(0, scanner_.size());
    input.remove_prefix(head.size());
    refusal_ = HeadParser(request_, limits_.header_count_max).parse(head);
    if (refusal_.status == 0) refusal_ = check_head(request_);
    if (refusal_.status == 0) start_body();
  }

  void start_body() {
    request_.keep_alive = keeps_alive(request_);
    part_ = Part::whole;
    if (request_.count("Transfer-Encoding") != 0) {
      decoder_ = ChunkDecoder(limits_.body_size_max, limits_.header_size_max);
      part_ = Part::chunked_body;
    } else if (const std::string* text = request_.find("Content-Length"); text != nullptr) {
      const auto length = parse_uint64(*text);
      if (!length) {
        refusal_ = {400, "The Content-Length is not a number."};
      } else if (*length > limits_.body_size_max) {
        refusal_ = {413, "The body is larger than this server takes."};
      } else if (*length > 0) {
        body_size_ = *length;
        part_ = Part::sized_body;
        const bool is_long = sink_ != nullptr && body_size_ >= limits_.sunk_size_min;
        is_sunk_ = is_long && sink_->begin(request_, body_size_);
      }
    }
    awaits_continue_ =
        part_ != Part::whole && request_.version_minor >= 1 && request_.find("Expect") != nullptr;
  }

  // Room is made for what has come, doubled, not for what was announced: a thousand peers that promise a
  // large body and send none of it hold nothing. The last step is exact.
  void read_sized_body(Bytes& input) {
    std::string& body = request_.body;
    const Bytes bytes = input.substr(0, body_size_ - body.size());
    const std::size_t size = body.size() + bytes.size();
    if (size > body.capacity()) body.reserve(std::min(body_size_, 2 * size));
    body.append(bytes);
    input.remove_prefix(bytes.size());
    if (body.size() == body_size_) part_ = Part::whole;
  }

  void sink_body(Bytes& input) {
    const Bytes bytes = input.substr(0, body_size_ - sunk_size_);
    if (!bytes.empty() && !sink_->append(bytes)) {
      refusal_ = {507, "There is no memory left for the value; the key is empty now."};
      return;
    }
    sunk_size_ += bytes.size();
    input.remove_prefix(bytes.size());
    if (sunk_size_ == body_size_) part_ = Part::whole;
  }

  void read_chunked_body(Bytes& input) {
    switch (decoder_.decode(input, request_.body)) {
      case ChunkDecoder::Verdict::more:
        return;
      case ChunkDecoder::Verdict::done:
        part_ = Part::whole;
        return;
      case ChunkDecoder::Verdict::malformed:
        refusal_ = {400, "The chunks of the body are malformed."};
        return;
      case ChunkDecoder::Verdict::body_too_large:
        refusal_ = {413, "The body is larger than this server takes."};
        return;
      case ChunkDecoder::Verdict::framing_too_large:
        refusal_ = {431, "The extensions or trailers of the body are larger than this server reads."};
        return;
    }
  }

  RequestLimits limits_;
  BodySink* sink_;
  Part part_ = Part::empty_line;
  Request request_;
  HeadScanner scanner_{0, 0};
  ChunkDecoder decoder_{0, 0};  // with Part::chunked_body
  std::size_t body_size_ = 0;   // with Part::sized_body
  bool is_sunk_ = false;        // the sink takes it
  std::size_t sunk_size_ = 0;   // what the sink has of it
  bool awaits_continue_ = false;
  std::size_t consumed_ = 0;
  Refusal refusal_;
};

RequestParser::RequestParser(const RequestLimits& limits, BodySink* sink)
    : impl_(std::make_unique<Impl>(limits, sink)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

void RequestParser::set_head_limits(std::size_t request_line_size_max, std::size_t header_size_max) {
  impl_->set_head_limits(request_line_size_max, header_size_max);
}

Result<std::optional<Request>> RequestParser::next(Bytes input) { return impl_->next(input); }
std::size_t RequestParser::consumed() const { return impl_->consumed(); }
const Request* RequestParser::arriving() const { return impl_->arriving(); }
bool RequestParser::awaits_continue() const { return impl_->awaits_continue(); }
void RequestParser::continue_sent() { impl_->continue_sent(); }
int RequestParser::error_status() const { return impl_->error_status(); }

}  // namespace larder::protocol::http
