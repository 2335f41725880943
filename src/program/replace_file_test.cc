// A file has its old text or its new one, and who may read it stays the same. Method: real files in a folder
// of the test's own; what the kernel refuses to everybody, root too, stands for what can go wrong.
#include "program/replace_file.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::program {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ReplaceFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "larder-replace-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = std::filesystem::canonical(pattern);
    path_ = folder_ / "larder.toml";
    std::ofstream(path_, std::ios::binary) << "old\n";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string text() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      found.push_back(entry.path().filename());
    return found;
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(ReplaceFile, PutsTheNewTextInThePlaceOfTheOld) {
  const auto old = read_file(path_, 100);
  ASSERT_TRUE(old.has_value()) << old.error().message;
  EXPECT_EQ(old->path, path_);
  EXPECT_EQ(old->text, "old\n");
  const std::string large(300'000, 'x');
  EXPECT_TRUE(replace_file(*old, large).has_value());
  EXPECT_EQ(text(), large);
  EXPECT_THAT(names(), ElementsAre("larder.toml"));
}

TEST_F(ReplaceFile, KeepsModeAndOwner) {
  for (const mode_t mode : {0600U, 0644U, 0440U}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    const bool is_root = ::geteuid() == 0;
    if (is_root) {
      ASSERT_EQ(::chown(path_.c_str(), 12, 34), 0);
    }
    struct stat before{};
    ASSERT_EQ(::stat(path_.c_str(), &before), 0);
    EXPECT_TRUE(replace_file(read_file(path_, 100).value(), "new").has_value());
    struct stat after{};
    ASSERT_EQ(::stat(path_.c_str(), &after), 0);
    EXPECT_EQ(after.st_mode, before.st_mode);
    EXPECT_EQ(after.st_uid, before.st_uid);
    EXPECT_EQ(after.st_gid, before.st_gid);
    EXPECT_NE(after.st_ino, before.st_ino) << "it was never half written";
  }
}

TEST_F(ReplaceFile, FollowsALinkAndLeavesItThere) {
  const std::filesystem::path link = folder_ / "link";
  std::filesystem::create_symlink("larder.toml", link);
  EXPECT_TRUE(replace_file(read_file(link, 100).value(), "new").has_value());
  EXPECT_EQ(text(), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST_F(ReplaceFile, SaysWhatTheKernelSays) {
  const FileText old = read_file(path_, 100).value();
  EXPECT_EQ(read_file(folder_ / "none", 100).error().message, "No such file or directory");
  EXPECT_EQ(read_file(folder_, 100).error().message, "it is not a regular file");
  EXPECT_THAT(read_file(path_, 3).error().message, HasSubstr("longer than 3 bytes"));
  EXPECT_TRUE(read_file(path_, 4).has_value());
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(folder_ / "pipe", 100).error().message, "it is not a regular file");
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(replace_file(old, "new").error().message, "No such file or directory");
}

// What cannot be renamed to that path: a folder stands there now.
TEST_F(ReplaceFile, LeavesNothingBehindWhenItFails) {
  const FileText old = read_file(path_, 100).value();
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(replace_file(old, "new").error().message, "Is a directory");
  EXPECT_THAT(names(), ElementsAre("larder.toml"));
}

}  // namespace
}  // namespace larder::program
