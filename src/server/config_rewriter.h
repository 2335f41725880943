// server/config_rewriter.h: CONFIG REWRITE: the settings as they are now, in the file that the server was
// started with.
//
//   Settings, Password, SlowLog -> texts as flags have them -> program/config_rewrite.h ->
//   program/replace_file.h
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "program/config_rewrite.h"
#include "program/options.h"
#include "server/server_options.h"
#include "session/service.h"

namespace larder::server {

/// What CONFIG SET can change, as it is.
struct CurrentSettings {
  const session::Service& service;
  std::uint64_t memory_size_max = 0;  // the cache's, bytes
};

/// Keeps what CONFIG SET has changed for the next start.
///
/// Ownership  a copy of what the options were
/// Threads    any; one writes at a time, and the others wait for the disk with it
/// Errors     as session::Control::rewrite_config()
class ConfigRewriter final {
 public:
  explicit ConfigRewriter(const ServerOptions& options);

  /// Writes the file if a start with it would give other settings than `current`, and tells the log.
  [[nodiscard]] Result<void> rewrite(const CurrentSettings& current, SteadyTime now);

 private:
  [[nodiscard]] Result<void> check(const std::vector<program::ConfigSetting>& settings) const;
  [[nodiscard]] Result<void> write(const std::vector<program::ConfigSetting>& settings) const;
  [[nodiscard]] std::vector<program::ConfigSetting> settings_of(const CurrentSettings& current) const;
  void tell(const std::vector<const program::ConfigSetting*>& written, bool others_may_read) const;

  const std::string path_;
  [[nodiscard]] bool has_password_file() const { return given_.is_given("password-file"); }

  const program::OptionValues given_;
  const std::string password_at_start_;
  const std::size_t connection_count_fitting_;
  std::mutex mutex_;
  SteadyTime tells_failures_at_;  // again at the earliest; guarded by mutex_
};

}  // namespace larder::server
