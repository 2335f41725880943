#include "program/options.h"

#include <algorithm>
#include <unistd.h>

#include "base/assert.h"
#include "program/command_line.h"
#include "program/config_file.h"

namespace larder::program {
namespace {

using ValueMap = std::map<std::string, OptionValue, std::less<>>;

// Later calls are the stronger ones.
Result<void> put(ValueMap& values, const OptionRow& row, std::span<const std::string> texts,
                 const std::string& origin, OptionSource source) {
  Result<OptionValue> value = parse_option_value(row, texts, origin, source);
  if (!value) return std::unexpected(value.error());
  values.insert_or_assign(std::string(row.flag), *std::move(value));
  return {};
}

// A wrong key is most often the right one in another spelling.
std::string hint_for(const OptionTable& table, std::string key) {
  std::ranges::replace(key, '_', '-');
  while (key.starts_with('-')) key.erase(0, 1);
  const OptionRow* row = table.find(key);
  return row != nullptr && row->scope == OptionScope::everywhere ? "; did you mean '" + key + "'?" : "";
}

Result<void> put_file(ValueMap& values, const OptionTable& table, const std::string& path) {
  const Result<std::vector<ConfigFileEntry>> entries = read_config_file(path);
  if (!entries) return std::unexpected(entries.error());
  for (const ConfigFileEntry& entry : *entries) {
    const std::string place = path + ":" + std::to_string(entry.line) + ": ";
    const OptionRow* row = table.find(entry.key);
    if (row == nullptr) {
      return failure(ErrorKind::malformed,
                     place + "unknown key '" + entry.key + "'" + hint_for(table, entry.key));
    }
    if (row->scope != OptionScope::everywhere) {
      return failure(ErrorKind::malformed, place + "'" + entry.key + "' can be a flag or the variable " +
                                               table.environment_name(*row) + ", but not stand in a file");
    }
    if (entry.is_array ? !is_list(row->kind) : entry.texts.empty()) {
      return failure(ErrorKind::malformed, place + entry.key + " takes one value, not " +
                                               (entry.is_array ? "an array" : "a section of its own"));
    }
    if (Result<void> put_one = put(values, *row, entry.texts, place + entry.key, OptionSource::file);
        !put_one) {
      return put_one;
    }
  }
  return {};
}

Result<void> put_environment(ValueMap& values, const OptionTable& table,
                             const EnvironmentVariables& environment, std::vector<std::string>& warnings) {
  for (const auto& [name, text] : environment) {
    if (!name.starts_with(table.environment_prefix) || text.empty()) continue;
    const auto row = std::ranges::find_if(
        table.rows, [&](const OptionRow& candidate) { return table.environment_name(candidate) == name; });
    if (row != table.rows.end()) {
      if (Result<void> put_one = put(values, *row, option_texts(*row, text), name, OptionSource::environment);
          !put_one) {
        return put_one;
      }
    } else if (std::ranges::none_of(table.ignored_environment_prefixes,
                                    [&](std::string_view prefix) { return name.starts_with(prefix); })) {
      warnings.push_back("unknown environment variable " + name + " is ignored");
    }
  }
  return {};
}

// The file's name has to be known before the file's values, which are weaker than both places it comes from.
std::string config_path(const OptionTable& table, const CommandLine& command_line,
                        const EnvironmentVariables& environment) {
  for (const CommandLineEntry& entry : command_line.entries) {
    if (entry.row->flag == "config") return entry.texts.back();
  }
  const OptionRow* row = table.find("config");
  if (row == nullptr) return "";
  const auto variable =
      std::ranges::find(environment, table.environment_name(*row), &EnvironmentVariables::value_type::first);
  return variable == environment.end() ? "" : variable->second;
}

}  // namespace

EnvironmentVariables environment_variables() {
  EnvironmentVariables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::ranges::sort(variables);
  return variables;
}

OptionValues OptionValues::with(std::string_view flag, OptionValue value) const {
  OptionValues changed = *this;
  changed.values_.find(flag)->second = std::move(value);
  return changed;
}

const OptionValue& OptionValues::value(std::string_view flag) const {
  const auto found = values_.find(flag);
  LARDER_ASSERT(found != values_.end());
  return found->second;
}

std::uint64_t OptionValues::number(std::string_view flag) const { return value(flag).number; }

std::optional<std::uint64_t> OptionValues::number_or_word(std::string_view flag) const {
  const OptionValue& found = value(flag);
  if (found.is_word) return std::nullopt;
  return found.number;
}

Duration OptionValues::duration(std::string_view flag) const {
  return Duration{static_cast<std::int64_t>(value(flag).number)};
}

bool OptionValues::toggle(std::string_view flag) const { return value(flag).number != 0; }

const std::string& OptionValues::text(std::string_view flag) const {
  const OptionValue& found = value(flag);
  LARDER_ASSERT(!found.texts.empty());
  return found.texts.front();
}

const std::vector<std::string>& OptionValues::texts(std::string_view flag) const { return value(flag).texts; }

const Endpoint& OptionValues::endpoint(std::string_view flag) const {
  const OptionValue& found = value(flag);
  LARDER_ASSERT(!found.endpoints.empty());
  return found.endpoints.front();
}

const std::vector<Endpoint>& OptionValues::endpoints(std::string_view flag) const {
  return value(flag).endpoints;
}

bool OptionValues::is_given(std::string_view flag) const { return value(flag).source != OptionSource::table; }

const std::string& OptionValues::origin(std::string_view flag) const { return value(flag).origin; }

Result<ParsedOptions> read_options(const OptionTable& table, std::span<const std::string> arguments,
                                   const EnvironmentVariables& environment) {
  ParsedOptions options;
  Result<CommandLine> command_line = parse_command_line(table, arguments);
  if (!command_line) return std::unexpected(command_line.error());
  if (command_line->answer) {
    options.answer = std::move(command_line->answer);
    return options;
  }

  ValueMap values;
  for (const OptionRow& row : table.rows) values.emplace(row.flag, default_option_value(row));
  if (const std::string path = config_path(table, *command_line, environment); !path.empty()) {
    if (const Result<void> put_all = put_file(values, table, path); !put_all) {
      return std::unexpected(put_all.error());
    }
  }
  if (const Result<void> put_all = put_environment(values, table, environment, options.warnings); !put_all) {
    return std::unexpected(put_all.error());
  }
  for (const CommandLineEntry& entry : command_line->entries) {
    if (const Result<void> put_one = put(values, *entry.row, entry.texts, "--" + std::string(entry.row->flag),
                                         OptionSource::command_line);
        !put_one) {
      return std::unexpected(put_one.error());
    }
  }
  options.values = OptionValues(std::move(values));
  return options;
}

}  // namespace larder::program
