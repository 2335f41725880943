// What is asked for is done or refused with a sentence that names the option. Method: command lines, right
// and wrong.
#include "tools/replay/replay_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "cache/policy/policy.h"

namespace larder::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<ReplayOptions> read(const std::vector<std::string>& arguments,
                           const program::EnvironmentVariables& environment = {}) {
  const auto parsed = program::read_options(replay_option_table(), arguments, environment);
  if (!parsed) return std::unexpected(parsed.error());
  return replay_options(parsed->values);
}

std::string error_of(const std::vector<std::string>& arguments) {
  const Result<ReplayOptions> options = read(arguments);
  return options ? "no error" : options.error().message;
}

std::vector<std::string> size_texts(const ReplayOptions& options) {
  std::vector<std::string> texts;
  texts.reserve(options.sizes.size());
  for (const CacheSize& size : options.sizes) texts.push_back(size.text);
  return texts;
}

TEST(ReplayOptions, SimulateAllPoliciesInThreeSizesByDefault) {
  const auto options = read({"t.txt"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->action, ReplayAction::simulate);
  EXPECT_EQ(options->trace_path, "t.txt");
  EXPECT_EQ(options->policies.size(), cache::policy::policy_names().size());
  EXPECT_THAT(size_texts(*options), ElementsAre("1%", "5%", "20%"));
  EXPECT_EQ(options->value_rule.kind, ValueRuleKind::own);
  EXPECT_EQ(options->curve_path, "");
}

TEST(ReplayOptions, SplitListsHoweverTheyAreGiven) {
  const auto options =
      read({"--trace", "-", "--policy", "lru,fifo", "--policy", "lru", "--size", "5%,100", "--size", "16mb"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->trace_path, "-");
  EXPECT_THAT(options->policies, ElementsAre("lru", "fifo"));
  EXPECT_THAT(size_texts(*options), ElementsAre("5%", "100", "16mb"));
  const auto again = read({"t.txt"}, {{"LARDER_REPLAY_POLICY", "fifo,lru"}, {"LARDER_REPLAY_SIZE", "7%"}});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_THAT(again->policies, ElementsAre("fifo", "lru"));
  EXPECT_THAT(size_texts(*again), ElementsAre("7%"));
}

TEST(ReplayOptions, GiveACurveSizesOfItsOwn) {
  const auto options = read({"t.txt", "--curve", "c.svg"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->sizes.size(), curve_cache_sizes().size());
  const auto given = read({"t.txt", "--curve", "c.svg", "--size", "5%"});
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_THAT(size_texts(*given), ElementsAre("5%"));
}

TEST(ReplayOptions, MakeRequestsInPlaceOfReadingThem) {
  const auto options = read({"--make", "loop:n=5", "--seed", "7", "--output", "t.zst"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->action, ReplayAction::write);
  EXPECT_EQ(options->output_path, "t.zst");
  EXPECT_EQ(options->trace_path, "");
  EXPECT_EQ(options->patterns.size(), 1U);
  EXPECT_EQ(options->seed, 7U);
  EXPECT_EQ(options->request_count_max, 1'000'000U);
  EXPECT_EQ(read({"--make", "scan", "--requests", "3"})->request_count_max, 3U);
  EXPECT_EQ(read({"t.txt", "--requests", "3"})->request_count_max, 3U);
}

TEST(ReplayOptions, ReplayAgainstAServer) {
  const auto options = read({"t.txt", "--server", "resp://127.0.0.1:6379", "--value-mean", "1kb"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->action, ReplayAction::serve);
  EXPECT_EQ(options->server.port, 6379);
  EXPECT_EQ(options->value_rule.kind, ValueRuleKind::log_normal);
  EXPECT_EQ(options->value_rule.size, 1024U);
  const auto fixed = read({"t.txt", "--value-size", "100"});
  ASSERT_TRUE(fixed) << fixed.error().message;
  EXPECT_EQ(fixed->value_rule.kind, ValueRuleKind::fixed);
}

TEST(ReplayOptions, RefuseWhatMeansNothing) {
  EXPECT_THAT(error_of({}), HasSubstr("a trace is needed"));
  EXPECT_THAT(error_of({"t.txt", "--make", "scan"}), HasSubstr("--make takes the place of a trace"));
  EXPECT_EQ(error_of({"t.txt", "--policy", "magic"}), "--policy: there is no policy 'magic'; see --help");
  EXPECT_EQ(error_of({"t.txt", "--policy", "lru,"}), "--policy: there is no policy ''; see --help");
  EXPECT_THAT(error_of({"t.txt", "--size", "5%,lots"}), testing::StartsWith("--size: 'lots' is no cache"));
  EXPECT_THAT(error_of({"--make", "lop"}), testing::StartsWith("--make: 'lop': its kind"));
  EXPECT_EQ(error_of({"t.txt", "--curve", "c.png"}),
            "--curve: curves are drawn as SVG: the name of the file has to end in .svg");
  EXPECT_THAT(error_of({"t.txt", "--server", "http://h:1"}), testing::StartsWith("--server: "));
  EXPECT_THAT(error_of({"t.txt", "--requests", "0"}), testing::StartsWith("--requests: "));
}

TEST(ReplayOptions, RefuseWhatDoesNotGoTogether) {
  const std::vector<std::string> served{"t.txt", "--server", "resp://h:1"};
  for (const char* flag : {"--policy=lru", "--size=5%", "--curve=c.svg", "--output=o.txt"}) {
    std::vector<std::string> words = served;
    words.emplace_back(flag);
    EXPECT_THAT(error_of(words), HasSubstr("cannot go together with")) << flag;
  }
  EXPECT_EQ(error_of({"t.txt", "--output", "o.txt", "--policy", "lru"}),
            "--policy: cannot go together with --output");
  EXPECT_EQ(error_of({"t.txt", "--seed", "7"}), "--seed: is for a trace that --make makes");
  EXPECT_EQ(error_of({"t.txt", "--value-mean", "1", "--value-size", "1"}),
            "--value-mean: cannot go together with --value-size");
}

}  // namespace
}  // namespace larder::tools
