// program/log.h: lines on standard error. The one place that knows spdlog.
//
//   2026-11-22T19:49:23.123Z info  connections-max is lowered to 1004
//
// Nothing is logged for each request: what peers do is counted (insight/), not told. A line is written at
// once by whoever logs it, so that the last words of a program that fails are not lost.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder::program {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

/// A word of --log-level; anything else counts as info.
[[nodiscard]] LogLevel log_level_of(std::string_view word);

/// Lines below `level` are dropped from now on; info until this is called. Any thread.
void set_log_level(LogLevel level);

/// One line each, without a line break at the end. A line holds no bytes of a peer, but for what DEBUG LOG
/// sends, in printable ASCII. Any thread.
void log_debug(std::string_view line);
void log_info(std::string_view line);
void log_warn(std::string_view line);
void log_error(std::string_view line);

/// A line that is written at any level, `off` included: what others wait for.
void log_always(std::string_view line);

}  // namespace larder::program
