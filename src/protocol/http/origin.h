// protocol/http/origin.h: may the web page that sent this request change, or read, what is stored?
//
// A browser lets any page send requests to any address, a cache on its reader's own machine included; it only
// keeps the answer from the page. What protects the cache is that browsers say in `Origin` whose page it was:
// on every WebSocket and on every POST, PUT and DELETE. Programs that are no browsers send no Origin and are
// let through.
//
// A page is allowed if its origin is named, or if it is the request's own host and nobody could have made it
// so: an address, localhost, or a name below that. Any other may be one that its owner lets resolve to the
// cache's address (DNS rebinding), so that the page has the cache's Host for its origin; who means such a
// name names it.
//
// GETs of such a page carry no Origin. Over the loopback address, where readers of web pages are, no request
// is answered that is for a name with a dot which nobody has named: a rebound name is a public one, and has
// dots.
//
// What this does not cover: reading by a rebound name over other addresses, where names are in use that only
// their users know. Against that a password or TLS with a name of its own helps.
//
// Source: RFC 6454 (origins); RFC 6761, 6.3 (localhost); Fetch standard, "Origin header" and "CORS protocol";
// Private Network Access, section 3 (a browser may ask whether a page may reach into a private network).
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "protocol/http/message.h"
#include "protocol/http/url.h"

namespace larder::protocol::http {

/// True if `origin` is the http or https origin that `host` ("127.0.0.1", "localhost:port", "[::1]:port")
/// would have, a missing port being the scheme's own, and `host` is an address, localhost or below it; or if
/// it stands in `allowed` as it is. Case does not matter. `null`, the origin of sandboxed pages and files, is
/// nobody's: no host has it, and --allow-origin does not take it.
[[nodiscard]] bool is_origin_allowed(Bytes origin, Bytes host, const std::vector<std::string>& allowed);

/// True unless `local_address` ("127.0.0.1:8080", "[::1]:8080"; where the connection ends here) is a loopback
/// address, and `host` is a name with a dot in it that is neither below localhost nor the host of an origin
/// in `allowed`.
[[nodiscard]] bool is_host_allowed(Bytes host, Bytes local_address, const std::vector<std::string>& allowed);

/// The host that a request is for; empty if it names none.
[[nodiscard]] Bytes host_of(const Request& request, const Target& target);

/// is_origin_allowed() of a whole request: true without any Origin, false with more than one.
[[nodiscard]] bool is_from_allowed_page(const Request& request, const Target& target,
                                        const std::vector<std::string>& allowed);

}  // namespace larder::protocol::http
