// base/utf8.h: is this text?
#pragma once

#include "base/bytes.h"

namespace larder {

/// True if `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
/// Source: RFC 3629; Unicode 15, table 3-7.
[[nodiscard]] bool is_utf8(Bytes text);

}  // namespace larder
