// protocol/line/line_encoder.h: the replies of the line protocol.
#pragma once

#include "base/bytes.h"
#include "base/output.h"

namespace larder::protocol {

/// "END": done, or nothing there.
void append_line_end(Output& output);

/// "OK": logged in.
void append_line_ok(Output& output);

/// The value on a line of its own, then "END". False, and an error instead: the value holds a CR or LF, so
/// its lines could be taken for replies.
bool append_line_value(Output& output, Bytes value);

/// "ERROR reason". The reason is ours; anything in it but printable ASCII leaves as '?'.
void append_line_error(Output& output, Bytes reason);

}  // namespace larder::protocol
