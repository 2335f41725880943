// base/bytes.h: the one word for "a run of bytes that somebody else owns".
//
// Keys, values and everything a peer sends are bytes of any value, zero included. std::string_view already
// has the searching, comparing and slicing that codecs want, so Bytes is that type under the name of what it
// means here.
#pragma once

#include <cstddef>
#include <string_view>

namespace larder {

/// A borrowed run of bytes of any value. Whoever hands one out says how long it lives.
using Bytes = std::string_view;

}  // namespace larder
