// session/rights.h: what a user may do, and what a command needs, as one set of bits.
#pragma once

#include <cstdint>

namespace larder::session {

using Rights = std::uint8_t;

/// Sees values, and which keys there are.
inline constexpr Rights read_right = 1;
/// Changes and removes them.
inline constexpr Rights write_right = 2;
/// Sees and changes the server: its settings, its connections, all keys at a time.
inline constexpr Rights admin_right = 4;
inline constexpr Rights all_rights = read_right | write_right | admin_right;

}  // namespace larder::session
