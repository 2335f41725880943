// One table decides what a program takes, from where, and who wins. Method: a table with a row of every kind,
// and each of the places (flag, environment, file) alone and against the others.
#include "program/options.h"

#include <array>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program/config_file.h"
#include "program/version.h"

namespace larder::program {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::array<std::string_view, 2> backends{"lru", "ordered"};
constexpr std::array<std::string_view, 2> schemes{"line", "resp"};

OptionTable sample_table() {
  OptionTable table{.program = "sampler",
                    .summary = "Samples options",
                    .environment_prefix = "SAMPLE_",
                    .ignored_environment_prefixes = {"SAMPLE_OTHER_"}};
  table.rows = {
      {.flag = "memory", .kind = OptionKind::size, .default_text = "256mb", .min = 1024, .help = "Bytes"},
      {.flag = "idle-timeout", .kind = OptionKind::duration, .default_text = "0", .help = "Silence"},
      {.flag = "connections-max", .kind = OptionKind::count, .default_text = "100", .min = 1, .max = 1000},
      {.flag = "workers", .kind = OptionKind::count_or_auto, .default_text = "auto", .min = 1, .max = 64},
      {.flag = "slower-than", .kind = OptionKind::count_or_none, .default_text = "10", .max = 100},
      {.flag = "backend", .kind = OptionKind::choice, .default_text = "lru", .choices = backends},
      {.flag = "allow-origin", .kind = OptionKind::text_list, .value_text = "ORIGIN"},
      {.flag = "cache", .kind = OptionKind::endpoint, .default_text = "resp://h:1", .choices = schemes},
      {.flag = "listen",
       .kind = OptionKind::endpoint_list,
       .default_text = "line://h:1,resp://h:2",
       .min = 1,
       .choices = schemes},
      {.flag = "allow-anonymous", .kind = OptionKind::toggle},
  };
  for (const OptionRow& row : common_option_rows(schemes)) table.rows.push_back(row);
  return table;
}

Result<ParsedOptions> read(const std::vector<std::string>& arguments,
                           const EnvironmentVariables& environment = {}) {
  static const OptionTable table = sample_table();
  return read_options(table, arguments, environment);
}

std::string error_of(const std::vector<std::string>& arguments,
                     const EnvironmentVariables& environment = {}) {
  const Result<ParsedOptions> options = read(arguments, environment);
  return options ? "no error" : options.error().message;
}

// A file of this test, gone with it. The path is told apart by the process, as ctest runs tests side by side.
class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text)
      : path_(testing::TempDir() + "larder-options-" + std::to_string(getpid()) + ".toml") {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;
  ~ConfigFile() { std::remove(path_.c_str()); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string error_of_file(const std::string& text) {
  const ConfigFile file(text);
  const std::string error = error_of({"--config", file.path()});
  EXPECT_THAT(error, testing::StartsWith(file.path()));
  return error.substr(std::min(error.size(), file.path().size()));
}

TEST(Options, HaveTheirDefaultsWhenNobodySaysAnything) {
  const auto options = read({});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const OptionValues& values = options->values;
  EXPECT_EQ(values.number("memory"), 256U << 20);
  EXPECT_EQ(values.duration("idle-timeout"), Duration{0});
  EXPECT_EQ(values.number("connections-max"), 100U);
  EXPECT_EQ(values.number_or_word("workers"), std::nullopt);
  EXPECT_EQ(values.text("backend"), "lru");
  EXPECT_THAT(values.texts("allow-origin"), IsEmpty());
  EXPECT_EQ(values.endpoint("cache").url(), "resp://h:1");
  EXPECT_EQ(values.endpoints("listen").size(), 2U);
  EXPECT_FALSE(values.toggle("allow-anonymous"));
  EXPECT_EQ(values.number_or_word("slower-than"), 10U);
  EXPECT_FALSE(values.is_given("memory"));
  EXPECT_EQ(values.value("memory").source, OptionSource::table);
  EXPECT_EQ(values.origin("memory"), "--memory");
  EXPECT_THAT(options->warnings, IsEmpty());
}

TEST(Options, OfEveryKindCanBeFlags) {
  const auto options = read({"--memory", "1mb", "--idle-timeout=5s", "--connections-max", "7", "--workers",
                             "3", "--slower-than", "-1", "--backend=ordered", "--allow-origin", "http://a",
                             "--allow-origin=http://b", "--cache", "line://[::1]:9", "--listen", "line://x:0",
                             "--allow-anonymous"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const OptionValues& values = options->values;
  EXPECT_EQ(values.number("memory"), 1U << 20);
  EXPECT_EQ(values.duration("idle-timeout"), Duration{5000});
  EXPECT_EQ(values.number("connections-max"), 7U);
  EXPECT_EQ(values.number_or_word("workers"), 3U);
  EXPECT_EQ(values.number_or_word("slower-than"), std::nullopt);
  EXPECT_EQ(values.text("backend"), "ordered");
  EXPECT_THAT(values.texts("allow-origin"), ElementsAre("http://a", "http://b"));
  EXPECT_EQ(values.endpoint("cache").host, "::1");
  EXPECT_THAT(values.endpoints("listen"), ElementsAre(Endpoint{"line", "x", 0}));
  EXPECT_TRUE(values.toggle("allow-anonymous"));
  EXPECT_TRUE(values.is_given("memory"));
}

TEST(Options, OfEveryKindCanBeVariables) {
  const auto options = read({}, {{"SAMPLE_MEMORY", "1mb"},
                                 {"SAMPLE_IDLE_TIMEOUT", "5s"},
                                 {"SAMPLE_CONNECTIONS_MAX", "7"},
                                 {"SAMPLE_WORKERS", "auto"},
                                 {"SAMPLE_ALLOW_ORIGIN", "http://a, http://b"},
                                 {"SAMPLE_LISTEN", "line://x:1,resp://x:2,"},
                                 {"SAMPLE_ALLOW_ANONYMOUS", "yes"}});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const OptionValues& values = options->values;
  EXPECT_EQ(values.number("memory"), 1U << 20);
  EXPECT_EQ(values.duration("idle-timeout"), Duration{5000});
  EXPECT_EQ(values.number("connections-max"), 7U);
  EXPECT_THAT(values.texts("allow-origin"), ElementsAre("http://a", "http://b"));
  EXPECT_THAT(values.endpoints("listen"), ElementsAre(Endpoint{"line", "x", 1}, Endpoint{"resp", "x", 2}));
  EXPECT_TRUE(values.toggle("allow-anonymous"));
  EXPECT_EQ(values.origin("memory"), "SAMPLE_MEMORY");
}

TEST(Options, OfEveryKindCanStandInTheFile) {
  const ConfigFile file(
      "# a comment\n"
      "memory = \"1mb\"\n"
      "idle-timeout = 0\n"
      "connections-max = 7\n"
      "workers = \"auto\"\n"
      "slower-than = -1\n"
      "backend = 'ordered'\n"
      "allow-origin = []\n"
      "listen = [\"line://x:1\",\n  \"resp://x:2\"]\n"
      "allow-anonymous = true\n");
  const auto options = read({"--config", file.path()});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const OptionValues& values = options->values;
  EXPECT_EQ(values.number("memory"), 1U << 20);
  EXPECT_EQ(values.number("connections-max"), 7U);
  EXPECT_EQ(values.number_or_word("slower-than"), std::nullopt);
  EXPECT_EQ(values.text("backend"), "ordered");
  EXPECT_THAT(values.endpoints("listen"), ElementsAre(Endpoint{"line", "x", 1}, Endpoint{"resp", "x", 2}));
  EXPECT_TRUE(values.toggle("allow-anonymous"));
  EXPECT_EQ(values.origin("backend"), file.path() + ":7: backend");
}

TEST(Options, RankFlagsAboveVariablesAboveTheFileAboveDefaults) {
  const ConfigFile file("memory = \"1mb\"\nconnections-max = 1\nlisten = [\"line://file:1\"]\n");
  const EnvironmentVariables environment{{"SAMPLE_CONFIG", file.path()},
                                         {"SAMPLE_CONNECTIONS_MAX", "2"},
                                         {"SAMPLE_LISTEN", "line://variable:1,line://variable:2"},
                                         {"SAMPLE_ALLOW_ANONYMOUS", "true"}};
  const auto options = read({"--listen", "line://flag:1", "--allow-anonymous=false"}, environment);
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->values.number("memory"), 1U << 20);
  EXPECT_EQ(options->values.number("connections-max"), 2U);
  EXPECT_THAT(options->values.endpoints("listen"), ElementsAre(Endpoint{"line", "flag", 1}));
  EXPECT_FALSE(options->values.toggle("allow-anonymous"));
  EXPECT_EQ(options->values.text("backend"), "lru");
  EXPECT_EQ(options->values.value("memory").source, OptionSource::file);
  EXPECT_EQ(options->values.value("connections-max").source, OptionSource::environment);
  EXPECT_EQ(options->values.value("listen").source, OptionSource::command_line);
}

TEST(Options, TakeTheFileOfTheFlagRatherThanTheVariable) {
  const ConfigFile file("connections-max = 1\n");
  const auto options = read({"--config", file.path()}, {{"SAMPLE_CONFIG", "/nowhere.toml"}});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->values.number("connections-max"), 1U);
}

TEST(Options, TakeTheLastOfARepeatedFlagThatIsNoList) {
  const auto options = read({"--connections-max", "1", "--connections-max", "2"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->values.number("connections-max"), 2U);
}

TEST(Options, TakeAnEmptyVariableForAbsent) {
  const auto options = read({}, {{"SAMPLE_MEMORY", ""}, {"SAMPLE_NO_SUCH", ""}});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->values.number("memory"), 256U << 20);
  EXPECT_THAT(options->warnings, IsEmpty());
}

TEST(Options, RefuseUnknownFlagsAndStrayWords) {
  EXPECT_EQ(error_of({"--memroy", "1mb"}), "unknown flag '--memroy'; see --help");
  EXPECT_EQ(error_of({"--memroy=1mb"}), "unknown flag '--memroy=1mb'; see --help");
  EXPECT_EQ(error_of({"-m", "1mb"}), "unknown flag '-m'; see --help");
  EXPECT_EQ(error_of({"memory"}), "'memory' belongs to no flag; see --help");
  EXPECT_EQ(error_of({"--listen", "line://x:1", "line://x:2"}),
            "'line://x:2' belongs to no flag; see --help");
  EXPECT_EQ(error_of({"--", "--memory"}), "unknown flag '--'; see --help");
  EXPECT_THAT(error_of({"--memory"}), HasSubstr("--memory"));
  EXPECT_THAT(error_of({"--memory", "--allow-anonymous"}), HasSubstr("--memory"));
}

TEST(Options, TakeAWordWithoutAFlagWhereTheTableHasARowForIt) {
  OptionTable table = sample_table();
  table.positional = "allow-origin";
  table.notes = "Notes of the program.";
  const std::vector<std::string> words{"--memory", "1mb", "-", "--workers", "2"};
  const auto options = read_options(table, words, {});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_THAT(options->values.texts("allow-origin"), ElementsAre("-"));
  EXPECT_EQ(options->values.number_or_word("workers"), 2U);

  const auto as_flag = read_options(table, std::vector<std::string>{"--allow-origin", "x"}, {});
  ASSERT_TRUE(as_flag.has_value()) << as_flag.error().message;
  EXPECT_THAT(as_flag->values.texts("allow-origin"), ElementsAre("x"));

  const auto two = read_options(table, std::vector<std::string>{"x", "y"}, {});
  ASSERT_FALSE(two.has_value());
  EXPECT_EQ(two.error().message, "'y' belongs to no flag; see --help");
  const auto unknown = read_options(table, std::vector<std::string>{"x", "--y"}, {});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().message, "unknown flag '--y'; see --help");

  const auto help = read_options(table, std::vector<std::string>{"--help"}, {});
  ASSERT_TRUE(help.has_value()) << help.error().message;
  EXPECT_THAT(help->answer.value_or(""), HasSubstr("\n\nNotes of the program.\n\n"));
}

TEST(Options, SayWhereAValueThatIsNoneStands) {
  EXPECT_EQ(error_of({"--memory", "12xb"}),
            "--memory: '12xb' is not a size: write a whole number followed by b, kb, mb or gb");
  EXPECT_THAT(error_of({"--memory="}), HasSubstr("--memory"));
  EXPECT_EQ(error_of({}, {{"SAMPLE_CONNECTIONS_MAX", "many"}}),
            "SAMPLE_CONNECTIONS_MAX: 'many' is not a whole number");
  EXPECT_EQ(error_of_file("backend = \"lru\"\nidle-timeout = 10\n"),
            ":2: idle-timeout: '10' is not a duration: write a whole number followed by ms, s, m or h");
}

TEST(Options, CheckValuesInWeakerPlacesToo) {
  EXPECT_THAT(error_of({"--memory", "1mb"}, {{"SAMPLE_MEMORY", "lots"}}), HasSubstr("SAMPLE_MEMORY: 'lots'"));
}

TEST(Options, CheckRangesWordsAndSchemes) {
  EXPECT_EQ(error_of({"--memory", "1000"}), "--memory: '1000b' is too small: the smallest is 1kb");
  EXPECT_EQ(error_of({"--connections-max", "0"}), "--connections-max: '0' is too small: the smallest is 1");
  EXPECT_EQ(error_of({"--workers", "65"}), "--workers: '65' is too large: the largest is 64");
  EXPECT_EQ(error_of({"--workers", "two"}), "--workers: 'two' is not a whole number or auto");
  EXPECT_EQ(error_of({"--workers", "-2"}), "--workers: '-2' is not a whole number or auto");
  EXPECT_EQ(error_of({"--backend", "magic"}), "--backend: 'magic' is not known: choose lru or ordered");
  EXPECT_EQ(error_of({"--listen", "ftp://x:1"}),
            "--listen: 'ftp://x:1' cannot be served: its scheme must be line:// or resp://");
  EXPECT_EQ(error_of({"--listen", "resp+tls://x:1"}),
            "--listen: 'resp+tls://x:1' cannot be served: its scheme must be line:// or resp://");
  EXPECT_THAT(error_of({"--listen", "line://x"}), HasSubstr("the port is missing"));
  EXPECT_EQ(error_of({}, {{"SAMPLE_LISTEN", ","}}), "SAMPLE_LISTEN: at least one is needed");
  EXPECT_EQ(error_of({"--allow-anonymous=perhaps"}),
            "--allow-anonymous: 'perhaps' is neither true nor false");
}

TEST(Options, TakeMinusOneOnlyWhereItMeansSomething) {
  EXPECT_EQ(error_of({"--slower-than", "-2"}), "--slower-than: '-2' is not a whole number or -1");
  EXPECT_EQ(error_of({"--slower-than", "101"}), "--slower-than: '101' is too large: the largest is 100");
  EXPECT_EQ(error_of({"--connections-max", "-1"}), "--connections-max: '-1' is not a whole number");
}

TEST(Options, NameFileAndLineOfAnUnknownKey) {
  EXPECT_EQ(error_of_file("# a comment\n\nmemroy = \"1mb\"\n"), ":3: unknown key 'memroy'");
  EXPECT_EQ(error_of_file("zebra = 1\nalpha = 2\n"), ":1: unknown key 'zebra'");
  EXPECT_EQ(error_of_file("memory = \"1mb\"\n[server]\nworkers = 1\n"), ":2: unknown key 'server'");
}

TEST(Options, AcceptOneSpellingOfAKeyAndNameIt) {
  EXPECT_EQ(error_of_file("idle_timeout = \"1s\"\n"),
            ":1: unknown key 'idle_timeout'; did you mean 'idle-timeout'?");
  EXPECT_EQ(error_of_file("\"--memory\" = \"1mb\"\n"), ":1: unknown key '--memory'; did you mean 'memory'?");
}

TEST(Options, RefuseKeysThatOnlyACommandCanHave) {
  EXPECT_EQ(error_of_file("healthcheck = \"line://x:1\"\n"),
            ":1: 'healthcheck' can be a flag or the variable SAMPLE_HEALTHCHECK, but not stand in a file");
}

TEST(Options, NameFileAndLineOfWhatIsNotToml) {
  EXPECT_THAT(error_of_file("memory = \"1mb\"\nworkers = = 2\n"), testing::StartsWith(":2: "));
  EXPECT_THAT(error_of_file("memory = \"1mb\"\nmemory = \"2mb\"\n"), testing::StartsWith(":2: "));
}

TEST(Options, RefuseShapesThatARowDoesNotHave) {
  EXPECT_EQ(error_of_file("memory = [\"1mb\"]\n"), ":1: memory takes one value, not an array");
  EXPECT_EQ(error_of_file("\n[memory]\nmax = 1\n"), ":2: memory takes one value, not a section of its own");
  EXPECT_THAT(error_of_file("memory = 1.5\n"), testing::StartsWith(":1: memory is neither text nor"));
  EXPECT_THAT(error_of_file("listen = [[\"line://x:1\"]]\n"),
              testing::StartsWith(":1: listen has an element"));
}

TEST(Options, RefuseAFileThatIsNotThere) {
  EXPECT_EQ(error_of({"--config", "/nowhere/larder.toml"}),
            "/nowhere/larder.toml: No such file or directory");
  EXPECT_THAT(error_of({"--config", "/"}), testing::StartsWith("/: "));
}

TEST(Options, WarnOfUnknownVariablesButNotOfAnotherPrograms) {
  const auto options =
      read({}, {{"HOME", "/"}, {"SAMPLE_MEMROY", "1mb"}, {"SAMPLE_OTHER_LISTEN", "x"}, {"SAMPLES", "x"}});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_THAT(options->warnings, ElementsAre("unknown environment variable SAMPLE_MEMROY is ignored"));
}

TEST(Options, AnswerHelpBeforeTheyLookAtAnythingElse) {
  const auto options = read({"--memory", "nonsense", "--bogus", "--help"}, {{"SAMPLE_WORKERS", "nonsense"}});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  ASSERT_TRUE(options->answer.has_value());
  const std::string help = options->answer.value_or("");
  for (const OptionRow& row : sample_table().rows) {
    EXPECT_THAT(help, HasSubstr("--" + std::string(row.flag))) << row.flag;
  }
  EXPECT_THAT(help, HasSubstr("SAMPLE_IDLE_TIMEOUT"));
  EXPECT_THAT(help, HasSubstr("default: 256mb"));
}

TEST(Options, AnswerVersionWithTheProgramsName) {
  const auto options = read({"--version"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->answer, "sampler " + std::string(version()) + "\n");
}

}  // namespace
}  // namespace larder::program
