#include "program/config_file.h"

#define TOML_EXCEPTIONS 0
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <toml++/toml.h>

namespace larder::program {
namespace {

std::string place(const std::string& path, std::size_t line) {
  return path + ":" + std::to_string(line) + ": ";
}

// Where a line and a column of toml++ are in a text that it has read. It counts code points, and a byte order
// mark not among them.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    line_offsets_.push_back(text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
    for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
      line_offsets_.push_back(at + 1);
    }
  }

  [[nodiscard]] std::size_t offset_of(toml::source_position position) const {
    std::size_t offset = line_offsets_[position.line - 1];
    for (std::size_t left = position.column - 1; left > 0; --left) {
      do {
        ++offset;
      } while (offset < text_.size() && (static_cast<unsigned char>(text_[offset]) & 0xC0) == 0x80);
    }
    return offset;
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> line_offsets_;
};

std::optional<std::string> scalar_text(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
  return std::nullopt;
}

Result<ConfigFileEntry> entry_of(const toml::key& key, const toml::node& node, const Places& places,
                                 const std::string& path) {
  ConfigFileEntry entry{.key = std::string(key.str()), .line = key.source().begin.line};
  entry.value_offset = places.offset_of(node.source().begin);
  entry.value_size = places.offset_of(node.source().end) - entry.value_offset;
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
  const Places places(text);
  std::vector<ConfigFileEntry> entries;
  for (auto&& [key, node] : parsed.table()) {
    // A table's entries are reported under the table's name: whoever reads them says that it is unknown.
    if (node.is_table() || node.is_array_of_tables()) {
      entries.push_back({.key = std::string(key.str()), .line = key.source().begin.line});
      continue;
    }
    Result<ConfigFileEntry> entry = entry_of(key, node, places, path);
    if (!entry) return std::unexpected(entry.error());
    entries.push_back(*std::move(entry));
  }
  // toml++ sorts by key; a person reads from the top, and wants the first mistake first.
  std::ranges::sort(entries, {}, &ConfigFileEntry::line);
  return entries;
}

Result<std::vector<ConfigSection>> parse_config_sections(const std::string& text, const std::string& path,
                                                         std::string_view group) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return failure(ErrorKind::malformed, place(path, parsed.error().source().begin.line) +
                                             std::string(parsed.error().description()));
  }
  const auto refused = [&](const toml::key& key) {
    return failure(ErrorKind::malformed, place(path, key.source().begin.line) + std::string(key.str()) +
                                             " is not known here; there are only sections, as [" +
                                             std::string(group) + ".NAME]");
  };
  const Places places(text);
  std::vector<ConfigSection> sections;
  for (auto&& [group_key, group_node] : parsed.table()) {
    if (group_key.str() != group || !group_node.is_table()) return refused(group_key);
    for (auto&& [name, section_node] : *group_node.as_table()) {
      if (!section_node.is_table()) return refused(name);
      ConfigSection section{.name = std::string(name.str()), .line = name.source().begin.line};
      for (auto&& [key, node] : *section_node.as_table()) {
        Result<ConfigFileEntry> entry = entry_of(key, node, places, path);
        if (!entry) return std::unexpected(entry.error());
        section.entries.push_back(*std::move(entry));
      }
      std::ranges::sort(section.entries, {}, &ConfigFileEntry::line);
      sections.push_back(std::move(section));
    }
  }
  std::ranges::sort(sections, {}, &ConfigSection::line);
  return sections;
}

Result<std::vector<ConfigFileEntry>> read_config_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) {
    text.resize(config_file_size_max + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad()) {
    const std::string reason = errno == 0 ? "it cannot be read" : std::generic_category().message(errno);
    return failure(ErrorKind::malformed, path + ": " + reason);
  }
  if (text.size() > config_file_size_max) {
    return failure(ErrorKind::malformed, path + ": longer than 1mb, which no configuration is");
  }
  return parse_config_text(text, path);
}

}  // namespace larder::program
