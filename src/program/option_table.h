// program/option_table.h: what an option is, before anybody has given it a value.
//
// A program has one table of rows. Everything else comes from it: the flag, the environment variable, the
// key in the file, the checks, --help and the sample file.
//
//   row "key-size-max" of larder-server      --key-size-max 16kb        flag
//                                            LARDER_KEY_SIZE_MAX=16kb   environment
//                                            key-size-max = "16kb"      TOML file
//
// The key in the file is the flag's name without the dashes in front, in this one spelling.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder::program {

/// Which texts a row takes, and which accessor of OptionValues reads it.
enum class OptionKind : std::uint8_t {
  size,           // "256mb": number(), bytes
  duration,       // "10s": duration()
  count,          // "10000": number()
  count_or_auto,  // "4" or "auto": number_or_word()
  count_or_none,  // "4" or "-1", which says that there is no such bound: number_or_word()
  choice,         // one word of `choices`: text()
  text,           // anything: text()
  text_list,      // any number of texts: texts()
  endpoint,       // scheme://host:port, scheme+tls://host:port or scheme+unix:///path: endpoint()
  endpoint_list,  // any number of them: endpoints()
  toggle,         // a flag without a value; true or false elsewhere: toggle()
};

/// Where a row may be given.
enum class OptionScope : std::uint8_t {
  everywhere,
  command,  // flag and environment; in a file it would make no sense
};

struct OptionRow {
  std::string_view flag;  // without dashes in front
  OptionKind kind = OptionKind::text;
  std::string_view value_text{};    // what help calls the value of a text, "FILE", or of a count: "SECONDS"
  std::string_view default_text{};  // as in the environment; empty: not set, or the program works it out
  std::string_view default_note{};  // what help says instead, where the program works the default out
  std::string_view example{};       // what the sample file shows where there is no default_text
  std::uint64_t min = 0;            // bytes, milliseconds or a number, as the kind says; of a list: entries
  std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  std::span<const std::string_view> choices{};  // of a choice: its words; of an endpoint: its schemes
  OptionScope scope = OptionScope::everywhere;
  std::string_view help{};  // sentences without a full stop at the end
};

/// All options of one program. The texts are literals or live as long as the program.
struct OptionTable {
  std::string_view program;                                      // "larder-server"
  std::string_view summary;                                      // one line for --help
  std::string_view environment_prefix;                           // "LARDER_"
  std::vector<std::string_view> ignored_environment_prefixes{};  // of other programs: no warning about these
  std::vector<OptionRow> rows{};
  std::string_view
      positional{};          // the flag of the row that a word without a flag is for; empty: there is none
  std::string_view notes{};  // paragraphs of --help behind the options, broken into lines

  /// Null if there is no such row.
  [[nodiscard]] const OptionRow* find(std::string_view flag) const;
  /// "LARDER_KEY_SIZE_MAX" of "key-size-max".
  [[nodiscard]] std::string environment_name(const OptionRow& row) const;
};

/// --config, which every program has. --help and --version need no row.
[[nodiscard]] OptionRow config_option_row();

/// The rows that every program has which serves and logs: --healthcheck, --log-level and --config.
[[nodiscard]] std::vector<OptionRow> common_option_rows(
    std::span<const std::string_view> health_check_schemes);

[[nodiscard]] bool is_list(OptionKind kind);

/// What stands for a value in help: "SIZE", "N|auto", "lru|ordered"; empty for a toggle.
[[nodiscard]] std::string value_name(const OptionRow& row);

}  // namespace larder::program
