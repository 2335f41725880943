#include "tools/replay/miss_table.h"

#include <algorithm>

#include "tools/decimal.h"

namespace larder::tools {
namespace {

constexpr std::size_t columns_max = 8;

using Cells = std::vector<std::vector<std::string>>;

Cells cells_of(const MissFigures& figures) {
  Cells cells;
  cells.push_back({"miss ratio"});
  cells.push_back({figures.has_sizes ? "bytes" : "objects"});
  for (std::size_t size = 0; size < figures.capacities.size(); ++size) {
    cells[0].push_back(figures.size_texts[size]);
    cells[1].push_back(std::to_string(figures.capacities[size]));
  }
  for (std::size_t policy = 0; policy < figures.policies.size(); ++policy) {
    cells.push_back({figures.policies[policy]});
    for (std::size_t size = 0; size < figures.capacities.size(); ++size) {
      cells.back().push_back(fixed_text(figures.miss_ratio(policy, size), 4));
    }
  }
  return cells;
}

Cells transposed(const Cells& cells) {
  Cells turned(cells.front().size());
  for (const std::vector<std::string>& row : cells) {
    for (std::size_t column = 0; column < row.size(); ++column) turned[column].push_back(row[column]);
  }
  return turned;
}

// The first column to the left, figures to the right.
std::string text_of(const Cells& cells) {
  std::vector<std::size_t> widths(cells.front().size());
  for (const std::vector<std::string>& row : cells) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : cells) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string padding(widths[column] - row[column].size(), ' ');
      text += column == 0 ? row[column] + padding : "  " + padding + row[column];
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string miss_table(const MissFigures& figures) {
  const Cells cells = cells_of(figures);
  return std::to_string(figures.request_count) + " requests of " + std::to_string(figures.object_count) +
         " objects\n\n" + text_of(figures.capacities.size() > columns_max ? transposed(cells) : cells);
}

}  // namespace larder::tools
