#include "tools/replay/curve_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/decimal.h"
#include "tools/replay/svg_writer.h"

namespace larder::tools {
namespace {

constexpr double chart_width = 960;
constexpr double chart_height = 590;
constexpr double chart_left = 80;
constexpr double chart_right = 780;  // the legend stands to the right of it
constexpr double chart_top = 70;
constexpr double chart_bottom = 520;

constexpr double legend_row_height = 24;
constexpr double legend_sample_width = 40;

struct Stroke {
  std::string_view color;
  std::string_view dash;
};

// Okabe and Ito's colours, which those who see few colours can tell apart too, darkened where white would
// swallow them; the dash tells curves apart in grey. The first policy has the first stroke.
constexpr std::array<Stroke, 12> strokes{{
    {"#7f7f7f", ""},
    {"#000000", ""},
    {"#e69f00", "8 3"},
    {"#0072b2", ""},
    {"#d55e00", ""},
    {"#009e73", "8 3"},
    {"#cc79a7", ""},
    {"#56b4e9", "8 3"},
    {"#8c564b", "2 3"},
    {"#000000", "2 3"},
    {"#b8a500", "8 3 2 3"},
    {"#6a3d9a", "8 3 2 3"},
}};

// Where a share of all objects, and a miss ratio, lie on the paper.
class Axes final {
 public:
  Axes(double share_min, double share_max) {
    // One point alone gets some room around it.
    const bool is_flat = share_max <= share_min * 1.001;
    log_min_ = std::log10(is_flat ? share_min / 2 : share_min);
    log_max_ = std::log10(is_flat ? share_max * 2 : share_max);
  }

  [[nodiscard]] double x(double share) const {
    return chart_left + (chart_right - chart_left) * (std::log10(share) - log_min_) / (log_max_ - log_min_);
  }
  [[nodiscard]] static double y(double miss_ratio) {
    return chart_bottom - (chart_bottom - chart_top) * miss_ratio;
  }

  // In percent: 1, 2 and 5 of each power of ten on the axis, or 1 alone where they would stand too close.
  [[nodiscard]] std::vector<double> ticks() const {
    std::vector<double> ticks;
    const double rounding = 1e-9;
    for (int power = static_cast<int>(std::floor(log_min_ + 2)) - 1; power <= log_max_ + 2 + rounding;
         ++power) {
      for (const double digit : {1.0, 2.0, 5.0}) {
        if (digit > 1 && log_max_ - log_min_ > 4) continue;
        const double percent = digit * std::pow(10.0, power);
        const double place = std::log10(percent / 100);
        if (place >= log_min_ - rounding && place <= log_max_ + rounding) ticks.push_back(percent);
      }
    }
    return ticks;
  }

 private:
  double log_min_ = 0;
  double log_max_ = 0;
};

// "5%", "0.05%": as many decimals as it needs.
std::string percent_text(double percent) {
  std::string text = fixed_text(percent, 6);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text + "%";
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string stroke_attributes(std::size_t policy) {
  const Stroke& stroke = strokes[policy % strokes.size()];
  std::string text = "fill=\"none\" stroke=\"" + std::string(stroke.color) + "\" stroke-width=\"2\"";
  if (!stroke.dash.empty()) text += " stroke-dasharray=\"" + std::string(stroke.dash) + "\"";
  return text;
}

void draw_axes(SvgWriter& svg, const Axes& axes, const std::string& size_unit) {
  for (int tenth = 0; tenth <= 10; tenth += 1) {
    const double y = Axes::y(tenth / 10.0);
    svg.line({chart_left, y}, {chart_right, y}, tenth == 0 ? "stroke=\"#1a1a1a\"" : "stroke=\"#dddddd\"");
    svg.text({chart_left - 10, y + 4.5}, fixed_text(tenth / 10.0, 1), "text-anchor=\"end\"");
  }
  for (const double percent : axes.ticks()) {
    const double x = axes.x(percent / 100);
    svg.line({x, chart_top}, {x, chart_bottom + 5}, "stroke=\"#dddddd\"");
    svg.text({x, chart_bottom + 22}, percent_text(percent), "text-anchor=\"middle\"");
  }
  svg.line({chart_left, chart_top}, {chart_left, chart_bottom}, "stroke=\"#1a1a1a\"");
  svg.text({(chart_left + chart_right) / 2, chart_bottom + 52},
           "cache size, share of " + size_unit + " (logarithmic)", "text-anchor=\"middle\"");
  svg.text({24, (chart_top + chart_bottom) / 2}, "miss ratio",
           "text-anchor=\"middle\" transform=\"rotate(-90 24 " +
               fixed_text((chart_top + chart_bottom) / 2, 0) + ")\"");
}

}  // namespace

std::string curve_chart(const MissFigures& figures, std::uint64_t total_capacity,
                        const std::string& trace_name) {
  std::vector<std::size_t> order(figures.capacities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t size) { return figures.capacities[size]; });
  const auto share_of = [&](std::size_t size) {
    return static_cast<double>(figures.capacities[size]) / static_cast<double>(total_capacity);
  };
  const Axes axes(share_of(order.front()), share_of(order.back()));

  const std::string title = "Miss ratio by cache size: " + trace_name;
  SvgWriter svg(chart_width, chart_height, title);
  svg.rectangle({0, 0}, chart_width, chart_height, "fill=\"#ffffff\"");
  svg.text({chart_left, 32}, title, "font-size=\"18\" font-weight=\"bold\"");
  svg.text({chart_left, 53},
           grouped(figures.request_count) + " requests of " + grouped(figures.object_count) + " objects",
           "fill=\"#555555\"");
  draw_axes(svg, axes,
            figures.has_sizes ? "the objects' " + grouped(total_capacity) + " bytes"
                              : "all " + grouped(total_capacity) + " objects");

  std::vector<std::pair<double, std::size_t>> legend;  // by where the curve runs, so that both read alike
  for (std::size_t policy = 0; policy < figures.policies.size(); ++policy) {
    std::vector<Point> points;
    double sum = 0;
    for (const std::size_t size : order) {
      const double ratio = figures.miss_ratio(policy, size);
      sum += ratio;
      points.push_back({axes.x(share_of(size)), Axes::y(ratio)});
    }
    svg.polyline(points, "class=\"curve\" stroke-linejoin=\"round\" " + stroke_attributes(policy),
                 figures.policies[policy]);
    for (std::size_t i = 0; i < order.size(); ++i) {
      svg.circle(points[i], 2.5, "fill=\"" + std::string(strokes[policy % strokes.size()].color) + "\"",
                 figures.policies[policy] + ", " + figures.size_texts[order[i]] + ": " +
                     fixed_text(figures.miss_ratio(policy, order[i]), 4));
    }
    legend.emplace_back(-sum, policy);
  }

  std::ranges::sort(legend);
  double y = chart_top + legend_row_height / 2;
  for (const auto& [negative_sum, policy] : legend) {
    svg.line({chart_right + 24, y}, {chart_right + 24 + legend_sample_width, y}, stroke_attributes(policy));
    svg.text({chart_right + 32 + legend_sample_width, y + 4.5}, figures.policies[policy], "");
    y += legend_row_height;
  }
  return svg.document();
}

}  // namespace larder::tools
