// JSON that is always JSON. Method: whole objects compared with their text.
#include "protocol/http/json_object.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>

namespace larder::protocol::http {
namespace {

TEST(JsonObject, WritesMembersInOrder) {
  JsonObject object;
  EXPECT_EQ(object.text(), "{}");
  object.add("version", "0.1.0")
      .add("n", UINT64_MAX)
      .add("m", INT64_MIN)
      .add("b", true)
      .add_null("z")
      .add_raw("r", "[1]");
  EXPECT_EQ(
      object.text(),
      R"({"version":"0.1.0","n":18446744073709551615,"m":-9223372036854775808,"b":true,"z":null,"r":[1]})");
}

TEST(JsonObject, EscapesWhatJsonDemands) {
  std::string text;
  append_json_string(Bytes("\"\\/\n\t\0\x1F\x7F\xC3\xA4", 10), text);
  EXPECT_EQ(text, "\"\\\"\\\\/\\n\\u0009\\u0000\\u001f\\u007f\xC3\xA4\"");
}

TEST(JsonObject, ReplacesBytesThatAreNotText) {
  std::string text;
  append_json_string("a\xFF\xC3\xA4\xE2\x82", text);
  EXPECT_EQ(text, "\"a\xEF\xBF\xBD\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace larder::protocol::http
