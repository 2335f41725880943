// What larder-web takes from its command line and its environment.
#include "web/web_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "program/sample_config.h"
#include "program/sample_file.h"

namespace larder::web {
namespace {

Result<program::ParsedOptions> read(const std::vector<std::string>& arguments,
                                    const program::EnvironmentVariables& environment = {}) {
  return program::read_options(web_option_table(), arguments, environment);
}

TEST(WebOptions, ServeThisMachineAndUseItsCacheByDefault) {
  const auto parsed = read({});
  ASSERT_TRUE(parsed) << parsed.error().message;
  const WebOptions options = web_options(parsed->values).value();
  ASSERT_EQ(options.listen.size(), 1U);
  EXPECT_EQ(options.listen.front().url(), "http://127.0.0.1:5000");
  EXPECT_EQ(options.cache.url(), "resp://127.0.0.1:6379");
}

TEST(WebOptions, ComeFromFlagsAndFromTheEnvironment) {
  const auto parsed =
      read({"--listen", "http://0.0.0.0:5000"},
           {{"LARDER_WEB_CACHE", "resp://server:6379"}, {"LARDER_WEB_LISTEN", "http://127.0.0.1:1"}});
  ASSERT_TRUE(parsed) << parsed.error().message;
  const WebOptions options = web_options(parsed->values).value();
  ASSERT_EQ(options.listen.size(), 1U);
  EXPECT_EQ(options.listen.front().url(), "http://0.0.0.0:5000");
  EXPECT_EQ(options.cache.url(), "resp://server:6379");
}

TEST(WebOptions, NameThePagesThatMayPost) {
  EXPECT_TRUE(web_options(read({})->values)->allowed_origins.empty());
  const auto parsed = read({"--allow-origin", "https://app.example"});
  EXPECT_EQ(web_options(parsed->values)->allowed_origins, std::vector<std::string>{"https://app.example"});
  EXPECT_FALSE(web_options(read({"--allow-origin", "https://app.example/"})->values));
}

TEST(WebOptions, RefuseSchemesThatItDoesNotSpeak) {
  EXPECT_FALSE(read({"--listen", "resp://127.0.0.1:1"}));
  EXPECT_FALSE(read({"--cache", "http://127.0.0.1:1"}));
  EXPECT_FALSE(read({"--memory", "1gb"}));
}

TEST(WebOptions, TakeUnixSockets) {
  const auto parsed = read({"--listen", "http+unix:///run/web.sock", "--unix-mode", "0770", "--cache",
                            "resp+unix:///run/larder.sock"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  const WebOptions options = web_options(parsed->values).value();
  EXPECT_EQ(options.listen.front().path, "/run/web.sock");
  EXPECT_EQ(options.unix_mode, 0770U);
  EXPECT_EQ(options.cache.path, "/run/larder.sock");
  EXPECT_FALSE(web_options(read({"--unix-mode", "rwx"})->values));
}

TEST(WebOptions, SayWhoTheyAreToTheCache) {
  const auto parsed = read({"--cache", "resp+tls://h:1", "--cache-user", "web", "--cache-tls-ca", "ca",
                            "--cache-tls-cert", "crt", "--cache-tls-key", "key"},
                           {{"LARDER_WEB_CACHE_PASSWORD", "secret"}});
  ASSERT_TRUE(parsed) << parsed.error().message;
  const WebOptions options = web_options(parsed->values).value();
  EXPECT_TRUE(options.cache.tls);
  EXPECT_EQ(options.cache_user, "web");
  EXPECT_EQ(options.cache_password, "secret");
  EXPECT_EQ(options.cache_tls_ca, "ca");
  EXPECT_EQ(options.cache_tls_cert, "crt");
  EXPECT_EQ(options.cache_tls_key, "key");
  EXPECT_TRUE(options.warnings.empty());
  EXPECT_EQ(web_options(read({"--cache-password", "secret"})->values)->warnings.size(), 1U);
  EXPECT_FALSE(web_options(read({"--cache-password-file", "/nowhere/file"})->values));
}

// After a change of the table, REWRITE_SAMPLES=1 writes the file anew.
TEST(WebOptions, AreWhatTheSampleFileShows) {
  EXPECT_EQ(program::sample_file_text(web_option_table(), LARDER_DOCS "/larder-web.sample.toml"),
            program::sample_config(web_option_table()));
}

}  // namespace
}  // namespace larder::web
