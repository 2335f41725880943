// Numbers kept as text. Method: conversations with the replies that redis-server 7.0.15 gave to the same
// commands.
#include <gtest/gtest.h>
#include <string>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

TEST(RespNumbers, CountUpAndDown) {
  expect_turns({
      {"INCR n", ":1\r\n"},
      {"INCRBY n 41", ":42\r\n"},
      {"DECR n", ":41\r\n"},
      {"DECRBY n 1", ":40\r\n"},
      {"GET n", "$2\r\n40\r\n"},
      {"INCRBY n x", "-ERR value is not an integer or out of range\r\n"},
      {"INCRBY n 1.5", "-ERR value is not an integer or out of range\r\n"},
      {"INCRBY n 9223372036854775807", "-ERR increment or decrement would overflow\r\n"},
      {"SET n 9223372036854775807", "+OK\r\n"},
      {"INCR n", "-ERR increment or decrement would overflow\r\n"},
      {"DECRBY n -1", "-ERR increment or decrement would overflow\r\n"},
      {"SET n -9223372036854775808", "+OK\r\n"},
      {"DECR n", "-ERR increment or decrement would overflow\r\n"},
      {"DECRBY n 1", "-ERR increment or decrement would overflow\r\n"},
      {"DECRBY n -9223372036854775808", "-ERR decrement would overflow\r\n"},
      {"INCRBY n -1", "-ERR increment or decrement would overflow\r\n"},
      {"INCRBY n 99999999999999999999", "-ERR value is not an integer or out of range\r\n"},
      {"SET n \" 1\"", "+OK\r\n"},
      {"INCR n", "-ERR value is not an integer or out of range\r\n"},
      {"SET n 01", "+OK\r\n"},
      {"INCR n", "-ERR value is not an integer or out of range\r\n"},
      {"SET n \"\"", "+OK\r\n"},
      {"INCR n", "-ERR value is not an integer or out of range\r\n"},
      {"SET n 5 EX 1000", "+OK\r\n"},
      {"INCR n", ":6\r\n"},
      {"TTL n", ":1000\r\n"},
  });
}

TEST(RespNumbers, CountInFractions) {
  expect_turns({
      {"INCRBYFLOAT f 1", "$1\r\n1\r\n"},
      {"INCRBYFLOAT f 0.5", "$3\r\n1.5\r\n"},
      {"INCRBYFLOAT f -0.1", "$3\r\n1.4\r\n"},
      {"INCRBYFLOAT f 1e3", "$22\r\n1001.40000000000000002\r\n"},
      {"INCRBYFLOAT f 1e-20", "$22\r\n1001.40000000000000002\r\n"},
      {"INCRBYFLOAT f x", "-ERR value is not a valid float\r\n"},
      {"INCRBYFLOAT f inf", "-ERR increment would produce NaN or Infinity\r\n"},
      {"INCRBYFLOAT f -inf", "-ERR increment would produce NaN or Infinity\r\n"},
      {"INCRBYFLOAT f nan", "-ERR value is not a valid float\r\n"},
      {"INCRBYFLOAT f 0x10", "$22\r\n1017.40000000000000002\r\n"},
      {"INCRBYFLOAT f \" 1\"", "-ERR value is not a valid float\r\n"},
      {"INCRBYFLOAT f \"1 \"", "-ERR value is not a valid float\r\n"},
      {"INCRBYFLOAT f \"\"", "-ERR value is not a valid float\r\n"},
      {"SET f 3.0e3", "+OK\r\n"},
      {"INCRBYFLOAT f 200", "$4\r\n3200\r\n"},
      {"SET f text", "+OK\r\n"},
      {"INCRBYFLOAT f 1", "-ERR value is not a valid float\r\n"},
      {"SET f 10.50", "+OK\r\n"},
      {"INCRBYFLOAT f 0.1", "$4\r\n10.6\r\n"},
      {"INCRBYFLOAT f -10.6", "$1\r\n0\r\n"},
      {"SET f 17179869184", "+OK\r\n"},
      {"INCRBYFLOAT f 1.5", "$13\r\n17179869185.5\r\n"},
      {"INCRBYFLOAT g 3.141592653589793238462643383279", "$19\r\n3.14159265358979324\r\n"},
      {"INCRBYFLOAT h 1e100",
       "$100\r\n999999999999999999966935353220734261949869901982849607927139154175201866948264432441897784011"
       "7055488\r\n"},
      {"INCRBYFLOAT i 1.7e308",
       "$309\r\n170000000000000000003136778025197596795270213889694133733043585763202456051205820994061869588"
       "90030033697852384188563171266140349891800079348072863741001669654745065860000681240130543625762290706"
       "23802714627822444382704436913354527613190687095019025891820280260143672805063324057649155175620116793"
       "09777401282560\r\n"},
      {"INCRBYFLOAT z -0", "$1\r\n0\r\n"},
      {"INCRBYFLOAT y 1e-4950", "$1\r\n0\r\n"},
      {"INCRBYFLOAT y 1e5000", "-ERR value is not a valid float\r\n"},
  });
}

}  // namespace
}  // namespace larder::session
