// server/dialects.h: which protocol speaks on which kind of address, as a table.
//
// The one place that a new dialect is added to: a scheme, a default address, a maker of sessions, and how it
// says that there is no room.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "session/session.h"

namespace larder::server {

struct Dialect {
  std::string_view scheme;                // of --listen
  std::string_view default_url;           // where it listens when nobody says anything
  std::string_view application_protocol;  // of ALPN; empty: it has no name there
  std::string_view refusal;  // sent, before any request is read, to a connection past connections-max
  std::unique_ptr<session::Session> (*make_session)(const session::Environment& environment,
                                                    const session::ConnectionFacts& facts);
};

/// All dialects, in the order of the default listeners.
[[nodiscard]] std::span<const Dialect> dialects();

/// Null if no dialect has this scheme.
[[nodiscard]] const Dialect* find_dialect(std::string_view scheme);

/// Their schemes, in the same order, and then those with +tls.
[[nodiscard]] std::span<const std::string_view> listen_schemes();

/// Their default addresses, separated by commas.
[[nodiscard]] std::string_view listen_default();

}  // namespace larder::server
