#include "program/log.h"

#include <memory>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace larder::program {
namespace {

// Two loggers over one sink, which has the lock: one that obeys --log-level, one that does not.
struct Loggers {
  Loggers() {
    for (spdlog::logger* logger : {&levelled, &always}) {
      logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v", spdlog::pattern_time_type::utc);
      logger->flush_on(spdlog::level::trace);
    }
    always.set_level(spdlog::level::trace);
  }

  std::shared_ptr<spdlog::sinks::stderr_sink_mt> sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::logger levelled{"", sink};
  spdlog::logger always{"", sink};
};

Loggers& loggers() {
  // Never destroyed: a thread that outlives main may still have something to say.
  static Loggers& instance = *new Loggers;
  return instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

}  // namespace

LogLevel log_level_of(std::string_view word) {
  if (word == "debug") return LogLevel::debug;
  if (word == "warn") return LogLevel::warn;
  if (word == "error") return LogLevel::error;
  if (word == "off") return LogLevel::off;
  return LogLevel::info;
}

void set_log_level(LogLevel level) { loggers().levelled.set_level(spdlog_level(level)); }

// The line is an argument, never the format: braces in it mean nothing.
void log_debug(std::string_view line) { loggers().levelled.debug("{}", line); }
void log_info(std::string_view line) { loggers().levelled.info("{}", line); }
void log_warn(std::string_view line) { loggers().levelled.warn("{}", line); }
void log_error(std::string_view line) { loggers().levelled.error("{}", line); }
void log_always(std::string_view line) { loggers().always.info("{}", line); }

}  // namespace larder::program
