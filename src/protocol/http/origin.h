// protocol/http/origin.h: may the web page that sent this request change what is stored?
//
// A browser lets any page send requests to any address, a cache on its reader's own machine included; it only
// keeps the answer from the page. What protects the cache is that browsers say in `Origin` whose page it was:
// on every WebSocket and on every POST, PUT and DELETE. Programs that are no browsers send no Origin and are
// let through.
//
// A page is allowed if its origin is named, or if it is the request's own host and nobody could have made it
// so: an address, or localhost. Any other name may be one that its owner lets resolve to the cache's address
// (DNS rebinding), so that the page has the cache's Host for its origin; who means such a name names it.
//
// What this does not cover: GETs of a page to its own name carry no Origin, and Host alone does not tell such
// a page from a program that uses a name. Against reading only a password or TLS with a name of its own
// helps.
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
/// would have, a missing port being the scheme's own, and `host` is no name but localhost; or if it stands in
/// `allowed` as it is. Case does not matter. `null`, the origin of sandboxed pages and files, is nobody's: no
/// host has it, and --allow-origin does not take it.
[[nodiscard]] bool is_origin_allowed(Bytes origin, Bytes host, const std::vector<std::string>& allowed);

/// The same of a whole request and its target: true without any Origin, false with more than one.
[[nodiscard]] bool is_from_allowed_page(const Request& request, const Target& target,
                                        const std::vector<std::string>& allowed);

}  // namespace larder::protocol::http
