#include "server/config_rewriter.h"

#include <array>
#include <string_view>
#include <sys/stat.h>

#include "program/config_file.h"
#include "program/log.h"
#include "program/replace_file.h"
#include "program/size_text.h"

namespace larder::server {
namespace {

using program::ConfigSetting;
using program::OptionSource;

// A client that tries again and again does not fill the log.
constexpr Duration failures_told_period{1000};

/// An option that CONFIG SET changes, as a flag would have it now.
struct ChangeableOption {
  std::string_view flag;
  std::string (*text)(const CurrentSettings& current);
};

constexpr std::array changeable_options{
    ChangeableOption{"connections-max",
                     [](const CurrentSettings& current) {
                       return std::to_string(current.service.settings.connection_count_max.load());
                     }},
    ChangeableOption{"idle-timeout",
                     [](const CurrentSettings& current) {
                       return program::duration_text(
                           Duration{current.service.settings.idle_timeout_ms.load()});
                     }},
    ChangeableOption{
        "memory", [](const CurrentSettings& current) { return program::size_text(current.memory_size_max); }},
    ChangeableOption{"password",
                     [](const CurrentSettings& current) { return current.service.accounts.password.text(); }},
    ChangeableOption{"slowlog-log-slower-than",
                     [](const CurrentSettings& current) {
                       return std::to_string(current.service.slow_log.threshold_us.load());
                     }},
    ChangeableOption{"slowlog-max-len",
                     [](const CurrentSettings& current) {
                       return std::to_string(current.service.slow_log.size_max.load());
                     }},
};

// A flag or a variable has the last word at the next start, too.
bool outranks_file(const program::OptionValue& value) {
  return value.source == OptionSource::environment || value.source == OptionSource::command_line;
}

}  // namespace

ConfigRewriter::ConfigRewriter(const ServerOptions& options)
    : path_(options.config_path),
      given_(options.given),
      password_at_start_(options.password),
      connection_count_fitting_(options.connection_count_fitting) {}

Result<void> ConfigRewriter::rewrite(const CurrentSettings& current, SteadyTime now) {
  if (path_.empty()) return failure(ErrorKind::unsupported, "the server was started without a file");
  const std::lock_guard lock(mutex_);
  if (has_password_file() && current.service.accounts.password.text() != password_at_start_) {
    program::log_warn(
        "CONFIG REWRITE leaves the password out: that of --password-file wins at the next start");
  }
  Result<void> written = write(settings_of(current));
  if (!written && now >= tells_failures_at_) {
    tells_failures_at_ = now + failures_told_period;
    program::log_error("CONFIG REWRITE of " + path_ + " failed: " + written.error().message);
  }
  return written;
}

// CONFIG SET takes a memory that other options would not let a server start with.
Result<void> ConfigRewriter::check(const std::vector<ConfigSetting>& settings) const {
  for (const ConfigSetting& setting : settings) {
    if (setting.row->flag != "memory" || outranks_file(given_.value("memory"))) continue;
    auto memory = program::parse_option_value(*setting.row, std::span(&setting.text, 1), path_ + ": memory",
                                              OptionSource::file);
    if (!memory) return std::unexpected(memory.error());
    if (Result<void> checked = check_limits(given_.with("memory", *std::move(memory))); !checked) {
      return failure(checked.error().kind, "a server would not start with memory = " + setting.text + ": " +
                                               checked.error().message);
    }
  }
  return {};
}

Result<void> ConfigRewriter::write(const std::vector<ConfigSetting>& settings) const {
  if (Result<void> checked = check(settings); !checked) return checked;
  const Result<program::FileText> file = program::read_file(path_, program::config_file_size_max);
  if (!file) return std::unexpected(file.error());
  const Result<program::RewrittenConfig> rewritten =
      program::rewrite_config_text(file->text, settings, path_);
  if (!rewritten) return std::unexpected(rewritten.error());
  if (rewritten->written.empty()) return {};
  if (Result<void> replaced = program::replace_file(*file, rewritten->text); !replaced) return replaced;
  tell(rewritten->written, (file->mode & S_IROTH) != 0);
  return {};
}

std::vector<ConfigSetting> ConfigRewriter::settings_of(const CurrentSettings& current) const {
  std::vector<ConfigSetting> settings;
  for (const ChangeableOption& option : changeable_options) {
    // A secret that has a file of its own is not copied into another.
    if (option.flag == "password" && has_password_file()) continue;
    const program::OptionRow& row = *server_option_table().find(option.flag);
    const program::OptionValue& given = given_.value(option.flag);
    settings.push_back({.row = &row,
                        .text = option.text(current),
                        .without_file = outranks_file(given) ? given : program::default_option_value(row)});
    if (option.flag == "connections-max") settings.back().number_max = connection_count_fitting_;
  }
  return settings;
}

void ConfigRewriter::tell(const std::vector<const ConfigSetting*>& written, bool others_may_read) const {
  std::string flags;
  for (const ConfigSetting* setting : written)
    flags += (flags.empty() ? "" : ", ") + std::string(setting->row->flag);
  program::log_info("CONFIG REWRITE: " + path_ + " has what now holds of " + flags);
  for (const ConfigSetting* setting : written) {
    const std::string_view flag = setting->row->flag;
    if (const program::OptionValue& given = given_.value(flag); outranks_file(given)) {
      program::log_warn(given.origin + " wins at the next start over " + std::string(flag) + " in " + path_);
    }
    if (flag == "password" && !setting->text.empty() && others_may_read) {
      program::log_warn(path_ + " holds the password and can be read by everybody on this machine");
    }
  }
}

}  // namespace larder::server
