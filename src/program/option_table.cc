#include "program/option_table.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace larder::program {
namespace {

constexpr std::array<std::string_view, 5> log_level_names{"debug", "info", "warn", "error", "off"};

}  // namespace

const OptionRow* OptionTable::find(std::string_view flag) const {
  const auto row = std::ranges::find(rows, flag, &OptionRow::flag);
  return row == rows.end() ? nullptr : &*row;
}

std::string OptionTable::environment_name(const OptionRow& row) const {
  std::string name(environment_prefix);
  for (const char c : row.flag) name += c == '-' ? '_' : ascii_upper(c);
  return name;
}

OptionRow config_option_row() {
  return {.flag = "config",
          .kind = OptionKind::text,
          .value_text = "FILE",
          .scope = OptionScope::command,
          .help = "A TOML file with options; its keys are the flags without the dashes in front"};
}

std::vector<OptionRow> common_option_rows(std::span<const std::string_view> health_check_schemes) {
  return {
      {.flag = "healthcheck",
       .kind = OptionKind::endpoint,
       .choices = health_check_schemes,
       .scope = OptionScope::command,
       .help = "Serve nothing; ask the program that listens there whether it answers, and exit with 0 or 1 "
               "within 2 seconds"},
      {.flag = "log-level",
       .kind = OptionKind::choice,
       .default_text = "info",
       .choices = log_level_names,
       .help =
           "The least important lines to log on standard error; the line that says ready is always there"},
      config_option_row(),
  };
}

bool is_list(OptionKind kind) { return kind == OptionKind::text_list || kind == OptionKind::endpoint_list; }

std::string value_name(const OptionRow& row) {
  switch (row.kind) {
    case OptionKind::size:
      return "SIZE";
    case OptionKind::duration:
      return "DURATION";
    case OptionKind::count:
      return row.value_text.empty() ? "N" : std::string(row.value_text);
    case OptionKind::count_or_auto:
      return "N|auto";
    case OptionKind::count_or_none:
      return (row.value_text.empty() ? "N" : std::string(row.value_text)) + "|-1";
    case OptionKind::choice: {
      std::string words;
      for (const std::string_view word : row.choices) words += (words.empty() ? "" : "|") + std::string(word);
      return words;
    }
    case OptionKind::text:
    case OptionKind::text_list:
      return std::string(row.value_text);
    case OptionKind::endpoint:
    case OptionKind::endpoint_list:
      return "URL";
    case OptionKind::toggle:
      return "";
  }
  return "";
}

}  // namespace larder::program
