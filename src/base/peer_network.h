// base/peer_network.h: what counts as one address where peers are counted or held back.
//
//   "10.0.0.7:50000"           10.0.0.7            a port says nothing of who it is
//   "[2001:db8::1:2]:50000"    2001:db8::/64       who has one address of IPv6 has a network of them
//   "/run/larder.sock:0"       ""                  the file's mode says who gets in
#pragma once

#include <string>

#include "base/bytes.h"

namespace larder {

/// Of a peer as transport/addresses.h writes it; empty: it has none.
[[nodiscard]] std::string peer_network(Bytes peer);

}  // namespace larder
