// tools/decimal.h: numbers with a point, as people write and read them, whatever the locale is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder::tools {

/// `value` with so many digits behind the point.
[[nodiscard]] std::string fixed_text(double value, int decimals);

/// "0.9", "1"; nullopt if `text` is anything else than such a number, exponents among it.
[[nodiscard]] std::optional<double> parse_decimal(std::string_view text);

}  // namespace larder::tools
