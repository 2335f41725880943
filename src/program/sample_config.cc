#include "program/sample_config.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "program/config_value.h"
#include "program/size_text.h"

namespace larder::program {
namespace {

std::string toml_value(const OptionRow& row) {
  std::string_view text = row.default_text.empty() ? row.example : row.default_text;
  if (row.kind == OptionKind::toggle && text.empty()) return "false";
  if (!is_list(row.kind)) return config_value_text(row, text);
  std::string array = "[";
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (array.size() > 1) array += ", ";
    array += config_value_text(row, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return array + "]";
}

std::string bound_text(const OptionRow& row, std::uint64_t bound) {
  if (row.kind == OptionKind::size) return size_text(bound);
  if (row.kind == OptionKind::duration) return duration_text(Duration{static_cast<std::int64_t>(bound)});
  return std::to_string(bound);
}

std::string range_text(const OptionRow& row) {
  if (!row.choices.empty()) {
    std::string words;
    for (const std::string_view word : row.choices) words += (words.empty() ? "" : ", ") + std::string(word);
    return (row.kind == OptionKind::choice ? "One of: " : "Schemes: ") + words;
  }
  const bool has_numbers = row.kind == OptionKind::size || row.kind == OptionKind::duration ||
                           row.kind == OptionKind::count || row.kind == OptionKind::count_or_auto ||
                           row.kind == OptionKind::count_or_none;
  if (!has_numbers) return "";
  const bool has_max = row.max != std::numeric_limits<std::uint64_t>::max();
  if (row.min == 0 && !has_max) return "";
  std::string range = row.min == 0 ? "" : "At least " + bound_text(row, row.min);
  if (has_max) range += (range.empty() ? "At most " : ", at most ") + bound_text(row, row.max);
  if (row.kind == OptionKind::count_or_auto) return range + ", or auto";
  return range + (row.kind == OptionKind::count_or_none ? ", or -1" : "");
}

}  // namespace

std::string sample_config(const OptionTable& table) {
  std::string text = "# Options of " + std::string(table.program) +
                     ", with their defaults. Remove the # in front of what you change, and pass the\n"
                     "# file with --config. A flag or an environment variable wins over what stands here.\n";
  for (const OptionRow& row : table.rows) {
    if (row.scope != OptionScope::everywhere) continue;
    text += "\n## " + std::string(row.help) + ".\n";
    if (const std::string range = range_text(row); !range.empty()) text += "## " + range + ".\n";
    if (!row.default_note.empty()) text += "## Default: " + std::string(row.default_note) + ".\n";
    text += "# " + std::string(row.flag) + " = " + toml_value(row) + "\n";
  }
  return text;
}

}  // namespace larder::program
