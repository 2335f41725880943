// Files that change under a running program. Method: each look is a call, and the files are written between
// two of them.
#include "transport/tls_store.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "transport/tls_test_support.h"

namespace larder::transport {
namespace {

using std::filesystem::copy_file;
using std::filesystem::copy_options;

class TlsStoreTest : public testing::Test {
 protected:
  TlsStoreTest() {
    certificates_.issue("one");
    certificates_.issue("two");
    copy("one.pem", "used.pem");
    copy("one.key", "used.key");
    auto made = TlsStore::make(certificates_.files("used"), SystemClock().now());
    EXPECT_TRUE(made.has_value());
    store_ = *std::move(made);
  }
  void copy(const std::string& from, const std::string& to) {
    copy_file(certificates_.path(from), certificates_.path(to), copy_options::overwrite_existing);
  }
  /// "unchanged", "replaced", or what was wrong.
  std::string look(Duration later = Duration{0}, bool is_asked = false) {
    Now now = SystemClock().now();
    now.steady += later;
    const Result<bool> is_replaced = store_->look(now, is_asked);
    if (!is_replaced) return is_replaced.error().message;
    return *is_replaced ? "replaced" : "unchanged";
  }

  TestCertificates certificates_;
  std::unique_ptr<TlsStore> store_;
};

TEST_F(TlsStoreTest, AnotherPairIsTakenOnceItStandsStill) {
  const auto first = store_->current();
  EXPECT_EQ(look(), "unchanged");
  copy("two.pem", "used.pem");
  EXPECT_EQ(look(), "unchanged") << "it may be half of it";
  copy("two.key", "used.key");
  EXPECT_EQ(look(), "unchanged");
  EXPECT_EQ(store_->current(), first);
  EXPECT_EQ(look(), "replaced");
  EXPECT_NE(store_->current(), first);
  EXPECT_EQ(look(), "unchanged");
}

TEST_F(TlsStoreTest, ABadPairIsToldOnceAndTheOldOneStays) {
  const auto first = store_->current();
  copy("two.pem", "used.pem");
  EXPECT_EQ(look(), "unchanged");
  EXPECT_THAT(look(), testing::HasSubstr("is not that of the certificate"));
  EXPECT_EQ(look(), "unchanged");
  EXPECT_EQ(store_->current(), first);
  std::filesystem::remove(certificates_.path("used.key"));
  EXPECT_EQ(look(), "unchanged");
  EXPECT_THAT(look(), testing::HasSubstr("cannot be read: No such file or directory"));
  EXPECT_EQ(store_->current(), first);
  copy("two.key", "used.key");
  EXPECT_EQ(look(), "unchanged");
  EXPECT_EQ(look(), "replaced");
}

TEST_F(TlsStoreTest, WhoAsksGetsThemReadAtOnce) {
  const auto first = store_->current();
  EXPECT_EQ(look(Duration{0}, true), "replaced");
  EXPECT_NE(store_->current(), first) << "tickets have another key";
  certificates_.write("used.key", "nothing");
  EXPECT_THAT(look(Duration{0}, true), testing::HasSubstr("cannot be used"));
  EXPECT_EQ(look(), "unchanged") << "it was told";
}

TEST_F(TlsStoreTest, TicketsLiveADay) {
  EXPECT_EQ(look(TlsStore::context_time_max - Duration{60'000}), "unchanged");
  EXPECT_EQ(look(TlsStore::context_time_max), "replaced");
}

}  // namespace
}  // namespace larder::transport
