#include "protocol/line/line_encoder.h"

namespace larder::protocol {

void append_line_end(Output& output) { output.append("END\r\n"); }

void append_line_ok(Output& output) { output.append("OK\r\n"); }

bool append_line_value(Output& output, Bytes value) {
  if (value.find_first_of("\r\n") != Bytes::npos) {
    append_line_error(output, "value is not one line; read it over RESP or HTTP");
    return false;
  }
  output.append(value);
  output.append("\r\nEND\r\n");
  return true;
}

void append_line_error(Output& output, Bytes reason) {
  output.append("ERROR ");
  for (const char c : reason) output.append(c >= ' ' && c <= '~' ? c : '?');
  output.append("\r\n");
}

}  // namespace larder::protocol
