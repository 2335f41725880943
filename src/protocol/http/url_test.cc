// Targets and forms taken apart. Method: tables of hand-picked inputs at the edges.
#include "protocol/http/url.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::protocol::http {
namespace {

TEST(PercentDecode, DecodesOnceAndLeavesEverythingElseAlone) {
  EXPECT_EQ(percent_decode("").value(), "");
  EXPECT_EQ(percent_decode("a+b/c").value(), "a+b/c");
  EXPECT_EQ(percent_decode("a%20b%2Fc%2fd").value(), "a b/c/d");
  EXPECT_EQ(percent_decode("%2520").value(), "%20");
  EXPECT_EQ(percent_decode("%00%FF").value(), std::string("\0\xFF", 2));
}

TEST(PercentDecode, RefusesAPercentWithoutTwoHexDigits) {
  for (const Bytes text : {"%", "%2", "a%", "%zz", "%2g", "%g2", "%%20", "% 2", "%+1", "%-1"}) {
    const auto decoded = percent_decode(text);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().kind, ErrorKind::malformed);
  }
}

TEST(PercentDecode, DecodesEveryByte) {
  std::string encoded;
  std::string expected;
  static constexpr Bytes hex = "0123456789ABCDEF";
  for (unsigned byte = 0; byte < 256; ++byte) {
    encoded += '%';
    encoded += hex[byte >> 4];
    encoded += hex[byte & 15];
    expected += static_cast<char>(byte);
  }
  EXPECT_EQ(percent_decode(encoded).value(), expected);
}

TEST(SplitTarget, ReadsTheFormsThatAServerMeets) {
  const auto origin = split_target("/a/b?c=d?e").value();
  EXPECT_EQ(origin.authority, "");
  EXPECT_EQ(origin.path, "/a/b");
  EXPECT_EQ(origin.query, "c=d?e");

  const auto absolute = split_target("HTTP://host:80/a?b").value();
  EXPECT_EQ(absolute.authority, "host:80");
  EXPECT_EQ(absolute.path, "/a");
  EXPECT_EQ(absolute.query, "b");

  EXPECT_EQ(split_target("http://host").value().path, "/");
  EXPECT_EQ(split_target("http://host?q").value().query, "q");
  EXPECT_EQ(split_target("*").value().path, "*");
  EXPECT_EQ(split_target("/").value().query, std::nullopt);
  EXPECT_EQ(split_target("/?").value().query, "");
}

TEST(SplitTarget, RefusesWhatIsNoPath) {
  for (const Bytes text : {"", "a", "host:80", "ftp://host/", "http://", "http:///a", "://a", "*a", "?a"}) {
    EXPECT_FALSE(split_target(text).has_value()) << text;
  }
}

std::string joined(Bytes text) {
  const auto pairs = parse_form(text, 100);
  if (!pairs) return "error";
  std::string line;
  for (const FormPair& pair : *pairs) line += '(' + pair.name + '|' + pair.value + ')';
  return line;
}

TEST(ParseForm, ReadsPairsInOrder) {
  EXPECT_EQ(joined(""), "");
  EXPECT_EQ(joined("k1=v1&k2=v2&k1=v3"), "(k1|v1)(k2|v2)(k1|v3)");
  EXPECT_EQ(joined("a+b=c+d%2B&%26=%3D"), "(a b|c d+)(&|=)");
  EXPECT_EQ(joined("a=b=c"), "(a|b=c)");
  EXPECT_EQ(joined("a"), "(a|)");
  EXPECT_EQ(joined("a="), "(a|)");
  EXPECT_EQ(joined("=v"), "(|v)");
  EXPECT_EQ(joined("&&a=b&&"), "(a|b)");
  EXPECT_EQ(joined("k=\xC3\xA4"), "(k|\xC3\xA4)");
}

TEST(ParseForm, RefusesABadEscapeAnywhere) {
  EXPECT_EQ(joined("a=%"), "error");
  EXPECT_EQ(joined("a%4=b"), "error");
  EXPECT_EQ(joined("a=b&c=%4"), "error");
}

TEST(ParseForm, RefusesMorePairsThanItsCallerWants) {
  EXPECT_TRUE(parse_form("a=1&b=2", 2).has_value());
  const auto pairs = parse_form("a=1&b=2&c=3", 2);
  ASSERT_FALSE(pairs.has_value());
  EXPECT_EQ(pairs.error().kind, ErrorKind::too_large);
}

}  // namespace
}  // namespace larder::protocol::http
