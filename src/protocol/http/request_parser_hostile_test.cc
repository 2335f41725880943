// Two readers of one connection must never disagree where a request ends: that is how requests are smuggled.
// Method: a table of shapes that have fooled parsers before (the CVE is named where there is one), each read
// whole and byte by byte; all must be refused with the status that stands beside them.
#include <gtest/gtest.h>
#include <string>

#include "protocol/http/request_parser.h"

namespace larder::protocol::http {
namespace {

using namespace std::string_view_literals;

struct Sample {
  const char* what;
  Bytes bytes;
  int status;
};

constexpr Sample hostile_samples[] = {
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"a Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"a Host with user information", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
    {"two Content-Length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
     400},
    {"two equal Content-Length",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
    {"a list of lengths", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na", 400},
    {"a signed length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nabcde", 400},
    {"a negative length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
    {"a hexadecimal length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na", 400},
    {"an empty length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400},
    {"a length beyond 64 bits", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\na",
     400},
    {"length, then encoding",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"encoding, then length",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
    {"length with an unknown encoding",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", 400},
    {"an encoding without chunked", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400},
    {"two codings", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
    {"chunked twice", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
     400},
    {"chunked twice with another between",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip,Chunked ,br, chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunked and nothing behind a comma",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 400},
    {"nothing, a comma and chunked",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: , chunked\r\n\r\n0\r\n\r\n", 501},
    {"chunked first", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
     400},
    {"chunked with a parameter", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", 400},
    {"a coding that looks like chunked", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
     400},
    {"chunked in quotes", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 400},
    {"an empty encoding", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400},
    {"two encodings",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {"an encoding in HTTP/1.0", "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"a folded header", "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400},
    {"a header folded with a tab", "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\tc\r\n\r\n", 400},
    {"a fold that hides a length (CVE-2024-27982)",
     "PUT / HTTP/1.1\r\nHost: a\r\nA: b\r\n Content-Length: 5\r\n\r\nabcde", 400},
    {"a space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
    {"an empty line of spaces", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n", 400},
    {"a bare CR in a value (CVE-2023-30589)",
     "PUT / HTTP/1.1\r\nHost: a\r\nA: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"CR and another byte at the end of the headers (CVE-2025-23167)",
     "GET / HTTP/1.1\r\nHost: a\r\n\rXGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"two CRs", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
    {"bare LFs", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"a bare LF among CRLFs", "GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n", 400},
    {"a bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n"sv, 400},
    {"NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nA\0: b\r\n\r\n"sv, 400},
    {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv, 400},
    {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nA: \x7F\r\n\r\n", 400},
    {"escape in a value", "GET / HTTP/1.1\r\nHost: a\r\nA: \x1B[0m\r\n\r\n", 400},
    {"a space before the colon", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nabcde", 400},
    {"a tab before the colon", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n", 400},
    {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400},
    {"no name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
    {"a name that is no token", "GET / HTTP/1.1\r\nHost: a\r\nA(B: c\r\n\r\n", 400},
    {"a name beyond ASCII", "GET / HTTP/1.1\r\nHost: a\r\n\xC3\xA4: c\r\n\r\n", 400},
    {"no version", "GET /\r\n\r\n", 400},
    {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"an empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"a space at the end of the request line", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
    {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"a tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"a method that is no token", "GE{T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"a space before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
    {"a version of two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
    {"a version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
    {"another protocol", "GET / HTTQ/1.1\r\nHost: a\r\n\r\n", 400},
    {"an unknown expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417},
    {"a chunk size of 0x1",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400},
    {"a signed chunk size",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n", 400},
    {"a negative chunk size",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n", 400},
    {"a chunk size beyond 64 bits",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n",
     400},
    {"no chunk size", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\na\r\n0\r\n\r\n",
     400},
    {"a chunk longer than it says",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400},
    {"a chunk line that ends in LF",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400},
    {"a bare CR in a chunk line",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n", 400},
    {"a bare LF in a chunk extension",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n", 400},
    {"a space after the chunk size",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n", 400},
    {"a folded trailer",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: a\r\n b\r\n\r\n", 400},
    {"a trailer without a colon",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT\r\n\r\n", 400},
    {"a bare LF after the trailers",
     "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: a\r\n\n", 400},
    {"another protocol's commands", "*1\r\n$4\r\nPING\r\n", 400},
    {"a TLS handshake", "\x16\x03\x01\x02\0\x01\0\x01\xFC\x03\x03"sv, 400},
};

int status_of(Bytes bytes, bool bytewise) {
  RequestParser parser{RequestLimits{}};
  std::string input;
  for (std::size_t end = bytewise ? 1 : bytes.size(); end <= bytes.size(); ++end) {
    input.append(bytes.substr(bytewise ? end - 1 : 0, bytewise ? 1 : Bytes::npos));
    auto request = parser.next(input);
    if (!request) return parser.error_status();
    if (request->has_value()) return 200;
    input.erase(0, parser.consumed());
  }
  return 0;
}

TEST(RequestParserOnHostileInput, RefusesEveryShapeThatTwoReadersCouldReadDifferently) {
  for (const Sample& sample : hostile_samples) {
    EXPECT_EQ(status_of(sample.bytes, false), sample.status) << sample.what;
    EXPECT_EQ(status_of(sample.bytes, true), sample.status) << sample.what << ", byte by byte";
  }
}

TEST(RequestParserOnHostileInput, NeverRepeatsThePeersBytesInItsSentence) {
  for (const Sample& sample : hostile_samples) {
    RequestParser parser{RequestLimits{}};
    const auto request = parser.next(sample.bytes);
    ASSERT_FALSE(request.has_value()) << sample.what;
    for (const char c : request.error().message) EXPECT_TRUE(c >= ' ' && c < 0x7F) << sample.what;
    EXPECT_TRUE(request.error().message.ends_with('.')) << request.error().message;
  }
}

}  // namespace
}  // namespace larder::protocol::http
