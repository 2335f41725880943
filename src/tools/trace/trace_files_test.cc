// What is written is read again, packed or not, and a packed file that is not whole is refused. Method: files
// in the test's own folder, whole, cut short, damaged and joined.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <unistd.h>

#include "tools/trace/byte_source.h"
#include "tools/trace/trace_reader.h"
#include "tools/trace/trace_writer.h"

namespace larder::tools {
namespace {

using testing::HasSubstr;

class TraceFiles : public testing::Test {
 protected:
  TraceFiles() : folder_(testing::TempDir() + "larder-traces-" + std::to_string(getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~TraceFiles() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

  static std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  [[nodiscard]] std::string file_of(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

  static Result<Trace> read(const std::string& path) {
    const Result<std::unique_ptr<ByteSource>> source = open_bytes(path);
    if (!source) return std::unexpected(source.error());
    return read_trace(**source, source_name(path), ~std::uint64_t{0}, [](std::uint64_t) {});
  }

  static Result<void> write(const Trace& trace, const std::string& path) {
    return write_trace(trace, path, [](std::uint64_t) {});
  }

  static std::string error_of(const std::string& path) {
    const Result<Trace> trace = read(path);
    return trace ? "no error" : trace.error().message;
  }

  // Long enough for several of the writer's chunks and the reader's.
  static Trace long_trace() {
    Trace trace;
    for (std::uint64_t i = 0; i < 200'000; ++i) {
      trace.ids.push_back(i * i * 7919 % 1'000'003);
      trace.sizes.push_back(i % 1000);
    }
    return trace;
  }

 private:
  std::string folder_;
};

TEST_F(TraceFiles, ComeBackAsTheyWereWritten) {
  const Trace trace = long_trace();
  for (const char* name : {"t.txt", "t.txt.zst"}) {
    ASSERT_TRUE(write(trace, path(name)));
    const Result<Trace> again = read(path(name));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->ids == trace.ids);
    EXPECT_TRUE(again->sizes == trace.sizes);
  }
  EXPECT_LT(bytes_of(path("t.txt.zst")).size(), bytes_of(path("t.txt")).size() / 2);
}

TEST_F(TraceFiles, ArePackedByTheirNameAndUnpackedByTheirBytes) {
  ASSERT_TRUE(write({.ids = {1, 2, 3}, .sizes = {}}, path("t.zst")));
  EXPECT_THAT(bytes_of(path("t.zst")), testing::StartsWith("\x28\xb5\x2f\xfd"));
  const Result<Trace> trace = read(file_of("plain-name.txt", bytes_of(path("t.zst"))));
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->request_count(), 3U);
  EXPECT_TRUE(read(file_of("lies.zst", "1\n2\n")));
}

TEST_F(TraceFiles, MayHoldSeveralFramesAndSkippableOnes) {
  ASSERT_TRUE(write({.ids = {1, 2}, .sizes = {}}, path("t.zst")));
  const std::string frame = bytes_of(path("t.zst"));
  const std::string skippable("\x50\x2a\x4d\x18\x02\x00\x00\x00xx", 10);
  const Result<Trace> trace = read(file_of("joined.zst", skippable + frame + skippable + frame));
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_THAT(trace->ids, testing::ElementsAre(1, 2, 1, 2));
}

TEST_F(TraceFiles, AreRefusedWhenTheyAreCutShortOrDamaged) {
  ASSERT_TRUE(write(long_trace(), path("t.zst")));
  const std::string whole = bytes_of(path("t.zst"));
  EXPECT_THAT(error_of(file_of("cut.zst", whole.substr(0, whole.size() - 1))),
              HasSubstr("ends in the middle"));
  EXPECT_THAT(error_of(file_of("head.zst", whole.substr(0, 5))), HasSubstr("ends in the middle"));
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x10);
  EXPECT_THAT(error_of(file_of("damaged.zst", damaged)), testing::StartsWith(path("damaged.zst") + ":"));
}

TEST_F(TraceFiles, ThatCannotBeOpenedAreNamed) {
  EXPECT_EQ(error_of(path("none")), path("none") + ": No such file or directory");
  EXPECT_EQ(error_of(path("")), path("") + ": Is a directory");
  const Result<void> written = write({.ids = {1}, .sizes = {}}, path("none/t.txt"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, path("none/t.txt") + ": No such file or directory");
}

TEST_F(TraceFiles, ThatCannotBeWrittenToTheirEndAreNamed) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const Result<void> written = write({.ids = {1}, .sizes = {}}, "/dev/full");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "/dev/full: No space left on device");
}

}  // namespace
}  // namespace larder::tools
