// A trace is read as it stands or not at all. Method: texts in cuts of every size; texts that are wrong in
// one place, with the sentence that must name it.
#include "tools/trace/trace_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "tools/trace/trace_test_support.h"

namespace larder::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t all = ~std::uint64_t{0};

Result<Trace> read(const std::string& text, std::size_t cut_size = 1000, std::uint64_t count_max = all) {
  TextSource source(text, cut_size);
  return read_trace(source, "t.txt", count_max, [](std::uint64_t) {});
}

std::string error_of(const std::string& text) {
  const Result<Trace> trace = read(text);
  return trace ? "no error" : trace.error().message;
}

TEST(TraceReader, ReadsIdsHoweverTheBytesAreCut) {
  const std::string text = "0\n17\n18446744073709551615\n007\n17\n";
  for (std::size_t cut_size = 1; cut_size <= text.size(); ++cut_size) {
    const Result<Trace> trace = read(text, cut_size);
    ASSERT_TRUE(trace) << trace.error().message;
    EXPECT_THAT(trace->ids, ElementsAre(0, 17, 18446744073709551615U, 7, 17));
    EXPECT_THAT(trace->sizes, IsEmpty());
  }
}

TEST(TraceReader, ReadsSizesWhereTheFirstLineHasOne) {
  const Result<Trace> trace = read("1,100\n2,0\n1,1099511627776\n", 3);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_THAT(trace->ids, ElementsAre(1, 2, 1));
  EXPECT_THAT(trace->sizes, ElementsAre(100, 0, 1099511627776U));
}

TEST(TraceReader, TakesALastLineWithoutItsEnd) {
  const Result<Trace> trace = read("1\n2");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_THAT(trace->ids, ElementsAre(1, 2));
}

TEST(TraceReader, StopsAtTheNumberOfRequestsAskedForAndLooksNoFurther) {
  const Result<Trace> trace = read("1\n2\nrubbish\n", 1000, 2);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_THAT(trace->ids, ElementsAre(1, 2));
}

TEST(TraceReader, TellsHowFarItIs) {
  TextSource source("1\n2\n3\n", 2);
  std::vector<std::uint64_t> told;
  ASSERT_TRUE(read_trace(source, "t.txt", all, [&](std::uint64_t count) { told.push_back(count); }));
  EXPECT_THAT(told, ElementsAre(1, 2, 3));
}

TEST(TraceReader, NamesFileAndLineOfWhatIsNoRequest) {
  EXPECT_EQ(error_of("1\n\n2\n"), "t.txt:2: the line is empty");
  EXPECT_EQ(error_of("\n"), "t.txt:1: the line is empty");
  EXPECT_EQ(error_of("1\nid\n"), "t.txt:2: 'id' does not start with an id, a decimal number below 2^64");
  for (const char* line : {"-1", "+1", " 1", "1 ", "1\r", "0x1", "1.5", "18446744073709551616", ",5"}) {
    EXPECT_THAT(error_of("1\n2\n" + std::string(line) + "\n"), testing::StartsWith("t.txt:3: ")) << line;
  }
}

TEST(TraceReader, NamesFileAndLineOfASizeThatIsNone) {
  EXPECT_EQ(error_of("1,2\n3,x\n"), "t.txt:2: '3,x' has no decimal number behind the comma");
  EXPECT_EQ(error_of("1,\n"), "t.txt:1: '1,' has no decimal number behind the comma");
  EXPECT_EQ(error_of("1,2,3\n"), "t.txt:1: '1,2,3' has no decimal number behind the comma");
  EXPECT_EQ(error_of("1,1099511627777\n"), "t.txt:1: '1,1099511627777' has a size of more than 1 TiB");
  EXPECT_EQ(error_of("1,2\n3\n"), "t.txt:2: the line has no size, but the first line has one");
  EXPECT_EQ(error_of("1\n3,4\n"), "t.txt:2: the line has a size, but the first line has none");
}

TEST(TraceReader, BoundsTheLineAndShowsOnlyWhatCanBePrinted) {
  const std::string longest(trace_line_size_max, '0');
  EXPECT_TRUE(read(longest + "\n"));
  EXPECT_TRUE(read(longest));
  EXPECT_EQ(error_of("1\n" + longest + "0\n"), "t.txt:2: the line is longer than 64 bytes");
  EXPECT_EQ(error_of(std::string(1'000'000, '1')), "t.txt:1: the line is longer than 64 bytes");
  EXPECT_THAT(error_of("\x1b[2J\n"), testing::StartsWith("t.txt:1: '?[2J' "));
}

TEST(TraceReader, RefusesATraceWithoutARequest) {
  EXPECT_EQ(error_of(""), "t.txt: there is no request in it");
}

}  // namespace
}  // namespace larder::tools
