// session/origin.h: may the web page that sent this request change the cache?
//
// A browser lets any page send requests to any address, a cache on its reader's own machine included; it only
// keeps the answer from the page. What protects the cache is that browsers say in `Origin` whose page it was:
// on every WebSocket and on every PUT and DELETE. Programs that are no browsers send no Origin and are let
// through.
//
// A page of an allowed origin is let in on /v1/keys/ only by answers that say so: a browser asks with OPTIONS
// before a PUT or DELETE (a preflight), and hands the page only what carries Access-Control-Allow-Origin.
//
// What this does not cover: a page whose own name is made to resolve to the cache's address (DNS rebinding)
// has the cache's Host for its origin, and its GETs carry no Origin at all. Against that only a password or
// TLS with a name of its own helps.
//
// Source: RFC 6454 (origins); Fetch standard, "Origin header" and "CORS protocol"; Private Network Access,
// section 3 (a browser may ask whether a page of the internet may reach into a private network).
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace larder::session {

/// True if `origin` is the http or https origin that `host` ("name", "name:port", "[::1]:port") would have, a
/// missing port being the scheme's own, or if it stands in `allowed` as it is. Case does not matter. `null`,
/// the origin of sandboxed pages and files, is nobody's: no host has it, and --allow-origin does not take it.
[[nodiscard]] bool is_origin_allowed(Bytes origin, Bytes host, const std::vector<std::string>& allowed);

}  // namespace larder::session
