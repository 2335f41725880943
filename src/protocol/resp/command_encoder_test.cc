// Commands as a client writes them. Method: the exact bytes, in each form of the call.
#include "protocol/resp/command_encoder.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace larder::protocol {
namespace {

TEST(CommandEncoder, WritesAnArrayOfBulks) {
  std::string wire = "before";
  append_command(wire, {"GET", "a\r\nkey", ""});
  EXPECT_EQ(wire, "before*3\r\n$3\r\nGET\r\n$6\r\na\r\nkey\r\n$0\r\n\r\n");
}

TEST(CommandEncoder, WritesTheSameToAnOutputAndInPieces) {
  const std::vector<Bytes> arguments{"SET", "k", "v"};
  std::string whole;
  append_command(whole, arguments);
  Output output;
  append_command(output, arguments);
  EXPECT_EQ(output.pending(), whole);
  std::string pieces;
  begin_command(pieces, arguments.size());
  for (const Bytes argument : arguments) append_argument(pieces, argument);
  EXPECT_EQ(pieces, whole);
}

}  // namespace
}  // namespace larder::protocol
