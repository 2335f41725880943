// session/http_sniff.h: is this HTTP, on a port that does not speak it?
//
// A web page can make a browser send a request to any port, with lines of the page's choosing in its body. A
// line of HTTP therefore ends the connection before any line behind it is taken for a command. It is
// known by a method of HTTP in front and "HTTP/" at its end: the two methods that are commands here too, GET
// and DELETE, take one key, so that no valid request reads like this.
#pragma once

#include "base/bytes.h"

namespace larder::session {

/// `line` is without its line end, or with it. A header line of Host counts as well.
[[nodiscard]] bool looks_like_http(Bytes line);

}  // namespace larder::session
