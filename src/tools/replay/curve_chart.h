// tools/replay/curve_chart.h: miss-ratio curves as a picture.
//
//   miss ratio
//   1.0 |
//       |''--..             title, grid, one curve for each policy with a colour and a dash of its own,
//   0.5 |      '--..__      a legend in the order in which the curves run
//       |             '--
//   0.0 +----------------
//      0.1%    1%     10%   cache size, as a share of all objects; logarithmic
#pragma once

#include <string>

#include "tools/replay/miss_table.h"

namespace larder::tools {

/// The picture as an SVG file. `total_capacity` is what all objects together take, in the unit of the
/// capacities; `trace_name` stands in the title.
[[nodiscard]] std::string curve_chart(const MissFigures& figures, std::uint64_t total_capacity,
                                      const std::string& trace_name);

}  // namespace larder::tools
