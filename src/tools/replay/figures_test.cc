// Figures are shown as they are. Method: small figures, the whole text of their table, and the parts of their
// picture that can be counted; the picture as XML is read by tests/e2e/test_replay.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "tools/replay/curve_chart.h"
#include "tools/replay/miss_table.h"
#include "tools/replay/svg_writer.h"

namespace larder::tools {
namespace {

using testing::HasSubstr;

MissFigures sample_figures() {
  return {.request_count = 1000,
          .object_count = 200,
          .size_texts = {"1%", "50%"},
          .capacities = {2, 100},
          .policies = {"fifo", "w-tinylfu"},
          .misses = {{1000, 500}, {666, 333}}};
}

// `figures` with so many sizes.
MissFigures with_size_count(std::size_t count) {
  MissFigures figures = sample_figures();
  figures.size_texts.assign(count, "1%");
  figures.capacities.assign(count, 2);
  for (std::vector<std::uint64_t>& misses : figures.misses) misses.assign(count, 250);
  return figures;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

TEST(MissTable, HasARowForEachPolicy) {
  EXPECT_EQ(miss_table(sample_figures()),
            "1000 requests of 200 objects\n"
            "\n"
            "miss ratio      1%     50%\n"
            "objects          2     100\n"
            "fifo        1.0000  0.5000\n"
            "w-tinylfu   0.6660  0.3330\n");
}

TEST(MissTable, HasARowForEachSizeWhenThereAreMany) {
  EXPECT_THAT(miss_table(with_size_count(8)), HasSubstr("\nfifo        0.2500  0.2500"));
  MissFigures figures = with_size_count(9);
  figures.has_sizes = true;
  EXPECT_THAT(miss_table(figures), HasSubstr("\n\nmiss ratio  bytes    fifo  w-tinylfu\n"
                                             "1%              2  0.2500     0.2500\n"));
}

TEST(CurveChart, HasOneCurveAndOneLegendEntryForEachPolicy) {
  const std::string picture = curve_chart(sample_figures(), 200, "a<b>&\"c\".txt");
  EXPECT_EQ(count_of(picture, "<polyline "), 2U);
  EXPECT_EQ(count_of(picture, ">w-tinylfu</text>"), 1U);
  EXPECT_EQ(count_of(picture, "<circle "), 4U);
  EXPECT_THAT(picture, HasSubstr("a&lt;b&gt;&amp;&quot;c&quot;.txt"));
  EXPECT_THAT(picture, HasSubstr("w-tinylfu, 50%: 0.3330"));
  for (const char* tick : {">1%<", ">2%<", ">5%<", ">10%<", ">20%<", ">50%<", ">0.5<"}) {
    EXPECT_THAT(picture, HasSubstr(tick));
  }
  EXPECT_THAT(picture, testing::Not(HasSubstr(">100%<")));
}

TEST(CurveChart, DrawsTheSizesInTheirOrder) {
  MissFigures figures = sample_figures();
  std::swap(figures.capacities[0], figures.capacities[1]);
  const std::string picture = curve_chart(figures, 200, "t");
  // From the left edge, where fifo now misses half, to the right edge, where it misses all.
  EXPECT_THAT(picture, HasSubstr("points=\"80.00,295.00 780.00,70.00\""));
}

TEST(CurveChart, DrawsASinglePointAndNothingThatIsNoNumber) {
  const MissFigures figures = with_size_count(1);
  for (const std::uint64_t total : {1U, 2U, 1'000'000U}) {
    const std::string picture = curve_chart(figures, total, "t");
    EXPECT_EQ(count_of(picture, "nan") + count_of(picture, "inf"), 0U);
    EXPECT_EQ(count_of(picture, "<polyline "), 2U);
  }
}

TEST(XmlText, EscapesAndReplaces) {
  EXPECT_EQ(xml_text("a & b < c > \"d\""), "a &amp; b &lt; c &gt; &quot;d&quot;");
  EXPECT_EQ(xml_text("h\xc3\xa9 \x01\n"), "h\xc3\xa9 ??");
  EXPECT_EQ(xml_text("\xff."), "?.");
}

}  // namespace
}  // namespace larder::tools
