// tools/replay/svg_writer.h: the few shapes of SVG 1.1 that a chart needs.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace larder::tools {

/// In pixels from the left upper corner.
struct Point {
  double x = 0;
  double y = 0;
};

/// A document that grows shape by shape; later ones lie on top. Coordinates are written with two decimals,
/// and whatever text comes in is escaped.
class SvgWriter final {
 public:
  /// `attributes` of this and of all shapes stand inside the tag as they are: `fill="none"`.
  SvgWriter(double width, double height, std::string_view title);

  void rectangle(Point corner, double width, double height, std::string_view attributes);
  void line(Point from, Point to, std::string_view attributes);
  void polyline(std::span<const Point> points, std::string_view attributes, std::string_view title);
  void circle(Point center, double radius, std::string_view attributes, std::string_view title);
  void text(Point anchor, std::string_view text, std::string_view attributes);

  /// The whole file.
  [[nodiscard]] std::string document() const { return body_ + "</svg>\n"; }

 private:
  std::string body_;
};

/// `text` where XML expects text: & < > and quotes are escaped; control characters, and bytes that are no
/// UTF-8, become '?'.
[[nodiscard]] std::string xml_text(std::string_view text);

}  // namespace larder::tools
