#include "protocol/http/seconds.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

#include "protocol/http/grammar.h"

namespace larder::protocol::http {

Result<Duration> seconds_from_text(Bytes text) {
  const auto point = text.find('.');
  const Bytes whole = text.substr(0, point);
  const Bytes fraction = point == Bytes::npos ? Bytes("0") : text.substr(point + 1);
  double seconds = 0;
  if (whole.empty() || fraction.empty() || !std::ranges::all_of(whole, is_digit) ||
      !std::ranges::all_of(fraction, is_digit) ||
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed).ec !=
          std::errc{}) {
    return failure(ErrorKind::malformed, "The ttl is not a number of seconds.");
  }
  return seconds_from_number(seconds);
}

Result<Duration> seconds_from_number(double seconds) {
  if (!(seconds > 0)) return failure(ErrorKind::malformed, "The ttl is not above 0.");
  if (!(seconds <= seconds_max)) return failure(ErrorKind::malformed, "The ttl is too large.");
  return Duration(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

}  // namespace larder::protocol::http
