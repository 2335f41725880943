// Passwords that programs are given. Method: a table with two rows, and a file with each way to be wrong.
#include "program/password_option.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace larder::program {
namespace {

using testing::HasSubstr;
using testing::Not;

const OptionTable& secret_table() {
  static const OptionTable made = {
      .program = "prog",
      .summary = "A program.",
      .environment_prefix = "PROG_",
      .rows = {{.flag = "secret", .value_text = "TEXT"}, {.flag = "secret-file", .value_text = "FILE"}}};
  return made;
}

class PasswordOption : public testing::Test {
 protected:
  PasswordOption() { std::filesystem::remove(path_); }
  PasswordOption(const PasswordOption&) = delete;
  PasswordOption& operator=(const PasswordOption&) = delete;
  ~PasswordOption() override { std::filesystem::remove(path_); }

  void write(const std::string& text, std::filesystem::perms mode = std::filesystem::perms(0600)) {
    std::ofstream(path_, std::ios::binary) << text;
    std::filesystem::permissions(path_, mode);
  }

  [[nodiscard]] static Result<GivenPassword> given(const std::vector<std::string>& arguments,
                                                   const EnvironmentVariables& environment = {}) {
    const auto parsed = read_options(secret_table(), arguments, environment);
    EXPECT_TRUE(parsed.has_value());
    return given_password(parsed->values, "secret", "secret-file");
  }

  const std::string path_ =
      std::filesystem::temp_directory_path() / ("larder-password-" + std::to_string(::getpid()));
};

TEST_F(PasswordOption, IsNoneOrATextOrAFirstLine) {
  EXPECT_EQ(given({})->text, "");
  EXPECT_EQ(given({}, {{"PROG_SECRET", "from a variable"}})->text, "from a variable");
  for (const char* text : {"two words\nmore\n", "two words\r\n", "two words"}) {
    write(text);
    const auto read = given({"--secret-file", path_});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->text, "two words");
    EXPECT_TRUE(read->warnings.empty());
  }
  write(std::string(16384, 'x') + "\n");
  EXPECT_EQ(given({"--secret-file", path_})->text.size(), 16384U);
}

TEST_F(PasswordOption, WarnsOfCommandLines) {
  const auto read = given({"--secret", "text"});
  EXPECT_EQ(read->text, "text");
  EXPECT_THAT(read->warnings, testing::ElementsAre(HasSubstr("--secret can be seen by everybody")));
  EXPECT_TRUE(given({}, {{"PROG_SECRET", "text"}})->warnings.empty());
}

TEST_F(PasswordOption, RefusesFilesThatOthersMayRead) {
  for (const unsigned mode : {0640U, 0604U, 0620U, 0601U}) {
    write("secret\n", std::filesystem::perms(mode));
    const auto read = given({"--secret-file", path_});
    ASSERT_FALSE(read) << mode;
    EXPECT_THAT(read.error().message, HasSubstr("--secret-file: '" + path_ + "' can be read by others"));
  }
}

TEST_F(PasswordOption, SaysWhatIsWrongAndNoneOfIt) {
  EXPECT_THAT(given({"--secret-file", path_}).error().message, HasSubstr("No such file"));
  EXPECT_THAT(given({"--secret-file", "/"}).error().message, HasSubstr("'/' "));
  for (const char* text : {"", "\n", "\r\nsecret"}) {
    write(text);
    EXPECT_THAT(given({"--secret-file", path_}).error().message,
                HasSubstr("has no password in its first line"));
  }
  write(std::string(16385, 's') + "\n");
  EXPECT_THAT(given({"--secret-file", path_}).error().message, HasSubstr("has more than 16384 bytes"));
  write("secret\n");
  EXPECT_THAT(given({"--secret-file", path_, "--secret", "hidden"}).error().message,
              testing::AllOf(HasSubstr("cannot go together with --secret"), Not(HasSubstr("hidden"))));
}

}  // namespace
}  // namespace larder::program
