// Property: the same requests and refusal however the bytes are cut, never more stored than the limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "protocol/http/request_parser.h"
#include "protocol/http/url.h"

namespace {

using larder::Bytes;
using larder::protocol::http::Request;
using larder::protocol::http::RequestLimits;
using larder::protocol::http::RequestParser;

// Small, so that inputs of a few hundred bytes reach every limit.
constexpr RequestLimits limits{
    .request_line_size_max = 128, .header_size_max = 256, .header_count_max = 8, .body_size_max = 64};

void demand(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void check(const Request& request) {
  demand(request.body.size() <= limits.body_size_max, "the body limit");
  demand(request.headers.size() <= limits.header_count_max, "the header count limit");
  std::size_t size = 0;
  for (const auto& header : request.headers) size += header.name.size() + header.value.size();
  demand(size <= limits.header_size_max, "the header size limit");
  demand(request.target.size() <= limits.request_line_size_max, "the request line limit");
}

/// Reads `bytes` in pieces and writes down all that came of it.
std::string read(Bytes bytes, std::size_t piece_size) {
  RequestParser parser(limits);
  std::string log;
  std::string input;
  while (!bytes.empty()) {
    input += bytes.substr(0, piece_size);
    bytes.remove_prefix(std::min(piece_size, bytes.size()));
    while (true) {
      auto result = parser.next(input);
      demand(parser.consumed() <= input.size(), "consumed more than there was");
      input.erase(0, parser.consumed());
      if (!result) return log + std::to_string(parser.error_status());
      const std::optional<Request> request = *std::move(result);
      if (!request.has_value()) break;
      check(*request);
      log += request->method + ' ' + request->target + (request->keep_alive ? " k" : " c");
      for (const auto& header : request->headers) log += '{' + header.name + ':' + header.value + '}';
      log += '[' + request->body + "]\n";
    }
    demand(input.size() <= limits.request_line_size_max + limits.header_size_max + 8, "input left over");
    if (const Request* arriving = parser.arriving()) check(*arriving);
  }
  return log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = read(bytes, size + 1);
  demand(read(bytes, 1) == whole, "byte by byte differs from whole");
  demand(read(bytes, 7) == whole, "pieces of seven differ from whole");

  const auto decoded = larder::protocol::http::percent_decode(bytes);
  demand(!decoded || decoded->size() <= size, "percent_decode made bytes");
  const auto pairs = larder::protocol::http::parse_form(bytes, 16);
  demand(!pairs || pairs->size() <= 16, "parse_form made pairs");
  const auto target = larder::protocol::http::split_target(bytes);
  demand(!target || !target->path.empty(), "a target without a path");
  return 0;
}
