// program/config_file.h: a TOML file as keys with texts and lines. The one place that knows toml++.
//
// A configuration is flat: `key = value` and nothing nested; another file is one level of sections. Numbers,
// words and truth values come out as the text that a flag would have had, so that there is one set of rules
// for values; arrays become lists.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larder::program {

/// More than a configuration has, in bytes: it is a screen or two, and a path may name something else.
inline constexpr std::size_t config_file_size_max = std::size_t{1} << 20;

struct ConfigFileEntry {
  std::string key;
  std::size_t line = 0;  // counts from 1
  bool is_array = false;
  std::vector<std::string> texts{};  // one, unless it is an array; none: a section
  std::size_t value_offset = 0;      // in the text, of the value as it is spelt there
  std::size_t value_size = 0;
};

/// The entries of the file in the order of their lines. Errors: malformed, starting with the path and, where
/// there is one, the line: the file cannot be read, is not TOML, or nests.
[[nodiscard]] Result<std::vector<ConfigFileEntry>> read_config_file(const std::string& path);

/// As read_config_file() for a text that is in memory already; `path` is only for the errors.
[[nodiscard]] Result<std::vector<ConfigFileEntry>> parse_config_text(const std::string& text,
                                                                     const std::string& path);

struct ConfigSection {
  std::string name;
  std::size_t line = 0;  // counts from 1
  std::vector<ConfigFileEntry> entries{};
};

/// The sections [GROUP.NAME] of a text that has nothing else, and what stands in each, in the order of their
/// lines. Errors: as parse_config_text(), and anything else that is there.
[[nodiscard]] Result<std::vector<ConfigSection>> parse_config_sections(const std::string& text,
                                                                       const std::string& path,
                                                                       std::string_view group);

}  // namespace larder::program
