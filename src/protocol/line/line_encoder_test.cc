// The replies of the line protocol. Method: the exact bytes.
#include "protocol/line/line_encoder.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::protocol {
namespace {

TEST(LineEncoder, WritesEachReplyOnItsLines) {
  Output output;
  append_line_end(output);
  EXPECT_TRUE(append_line_value(output, "v w"));
  EXPECT_TRUE(append_line_value(output, ""));
  append_line_error(output, "a key is missing");
  EXPECT_EQ(output.pending(), "END\r\nv w\r\nEND\r\n\r\nEND\r\nERROR a key is missing\r\n");
}

TEST(LineEncoder, RefusesAValueThatIsNotOneLine) {
  for (const Bytes value : {"a\nb", "a\rb", "\r", "\n", "a\r\nEND\r\n"}) {
    Output output;
    EXPECT_FALSE(append_line_value(output, value));
    EXPECT_EQ(output.pending(), "ERROR value is not one line; read it over RESP or HTTP\r\n");
  }
}

TEST(LineEncoder, KeepsAnErrorOnOneLineOfAscii) {
  Output output;
  append_line_error(output, "a\r\nEND\xff\x01");
  EXPECT_EQ(output.pending(), "ERROR a??END??\r\n");
}

}  // namespace
}  // namespace larder::protocol
