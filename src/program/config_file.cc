#include "program/config_file.h"

#define TOML_EXCEPTIONS 0
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <toml++/toml.h>

namespace larder::program {
namespace {

// A configuration is a screen or two. The bound is there for a path that names something else.
constexpr std::size_t file_size_max = std::size_t{1} << 20;

std::string place(const std::string& path, std::size_t line) {
  return path + ":" + std::to_string(line) + ": ";
}

std::optional<std::string> scalar_text(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
  return std::nullopt;
}

Result<ConfigFileEntry> entry_of(const toml::key& key, const toml::node& node, const std::string& path) {
  ConfigFileEntry entry{.key = std::string(key.str()), .line = key.source().begin.line};
  const auto refused = [&](const std::string& reason) {
    return failure(ErrorKind::malformed, place(path, entry.line) + entry.key + " " + reason);
  };
  if (const toml::array* array = node.as_array()) {
    entry.is_array = true;
    for (const toml::node& element : *array) {
      std::optional<std::string> text = scalar_text(element);
      if (!text) return refused("has an element that is neither text nor a whole number");
      entry.texts.push_back(*std::move(text));
    }
    return entry;
  }
  std::optional<std::string> text = scalar_text(node);
  if (!text) return refused("is neither text nor a whole number, true, false or an array of these");
  entry.texts.push_back(*std::move(text));
  return entry;
}

}  // namespace

Result<std::vector<ConfigFileEntry>> parse_config_text(const std::string& text, const std::string& path) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return failure(ErrorKind::malformed, place(path, parsed.error().source().begin.line) +
                                             std::string(parsed.error().description()));
  }
  std::vector<ConfigFileEntry> entries;
  for (auto&& [key, node] : parsed.table()) {
    // A table's entries are reported under the table's name: whoever reads them says that it is unknown.
    if (node.is_table() || node.is_array_of_tables()) {
      entries.push_back({.key = std::string(key.str()), .line = key.source().begin.line});
      continue;
    }
    Result<ConfigFileEntry> entry = entry_of(key, node, path);
    if (!entry) return std::unexpected(entry.error());
    entries.push_back(*std::move(entry));
  }
  // toml++ sorts by key; a person reads from the top, and wants the first mistake first.
  std::ranges::sort(entries, {}, &ConfigFileEntry::line);
  return entries;
}

Result<std::vector<ConfigFileEntry>> read_config_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) {
    text.resize(file_size_max + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad()) {
    const std::string reason = errno == 0 ? "it cannot be read" : std::generic_category().message(errno);
    return failure(ErrorKind::malformed, path + ": " + reason);
  }
  if (text.size() > file_size_max) {
    return failure(ErrorKind::malformed, path + ": longer than 1mb, which no configuration is");
  }
  return parse_config_text(text, path);
}

}  // namespace larder::program
