#include "tools/replay/svg_writer.h"

#include "base/utf8.h"
#include "tools/decimal.h"

namespace larder::tools {
namespace {

std::string number(double value) { return fixed_text(value, 2); }

std::string pair(std::string_view x, std::string_view y, Point point) {
  return std::string(x) + "=\"" + number(point.x) + "\" " + std::string(y) + "=\"" + number(point.y) + "\"";
}

// The end of a tag that may have a title, which browsers show where the pointer is.
std::string ended(std::string_view tag, std::string_view attributes, std::string_view title) {
  const std::string end = attributes.empty() ? "" : " " + std::string(attributes);
  if (title.empty()) return end + "/>\n";
  return end + "><title>" + xml_text(title) + "</title></" + std::string(tag) + ">\n";
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string escaped;
  const bool is_text = is_utf8(text);
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_control = byte < 0x20;
        const bool is_stray = byte >= 0x80 && !is_text;
        escaped += is_control || is_stray ? '?' : c;
      }
    }
  }
  return escaped;
}

SvgWriter::SvgWriter(double width, double height, std::string_view title) {
  const std::string size = number(width) + " " + number(height);
  body_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
          number(width) + "\" height=\"" + number(height) + "\" viewBox=\"0 0 " + size +
          "\" font-family=\"DejaVu Sans, Verdana, Helvetica, Arial, sans-serif\" font-size=\"13\" "
          "fill=\"#1a1a1a\">\n<title>" +
          xml_text(title) + "</title>\n";
}

void SvgWriter::rectangle(Point corner, double width, double height, std::string_view attributes) {
  body_ += "<rect " + pair("x", "y", corner) + " width=\"" + number(width) + "\" height=\"" + number(height) +
           "\"" + ended("rect", attributes, "");
}

void SvgWriter::line(Point from, Point to, std::string_view attributes) {
  body_ += "<line " + pair("x1", "y1", from) + " " + pair("x2", "y2", to) + ended("line", attributes, "");
}

void SvgWriter::polyline(std::span<const Point> points, std::string_view attributes, std::string_view title) {
  body_ += "<polyline points=\"";
  for (std::size_t i = 0; i < points.size(); ++i) {
    body_ += (i == 0 ? "" : " ") + number(points[i].x) + "," + number(points[i].y);
  }
  body_ += "\"" + ended("polyline", attributes, title);
}

void SvgWriter::circle(Point center, double radius, std::string_view attributes, std::string_view title) {
  body_ += "<circle " + pair("cx", "cy", center) + " r=\"" + number(radius) + "\"" +
           ended("circle", attributes, title);
}

void SvgWriter::text(Point anchor, std::string_view text, std::string_view attributes) {
  body_ += "<text " + pair("x", "y", anchor) + (attributes.empty() ? "" : " " + std::string(attributes)) +
           ">" + xml_text(text) + "</text>\n";
}

}  // namespace larder::tools
