// What is asked for is done or refused with a sentence that names the option. Method: command lines, right
// and wrong.
#include "tools/bench/bench_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace larder::tools {
namespace {

using testing::HasSubstr;

Result<BenchOptions> read(const std::vector<std::string>& arguments,
                          const program::EnvironmentVariables& environment = {}) {
  const auto parsed = program::read_options(bench_option_table(), arguments, environment);
  if (!parsed) return std::unexpected(parsed.error());
  return bench_options(parsed->values);
}

std::string error_of(const std::vector<std::string>& arguments) {
  const Result<BenchOptions> options = read(arguments);
  return options ? "no error" : options.error().message;
}

TEST(BenchOptions, MeasureTenSecondsOfReadsByDefault) {
  const auto options = read({});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->server.url(), "resp://127.0.0.1:6379");
  EXPECT_EQ(options->workload.protocol, BenchProtocol::resp);
  EXPECT_EQ(options->workload.key_count, 1'000'000U);
  EXPECT_EQ(options->workload.value_rule.size, 64U);
  EXPECT_EQ(options->workload.read_percent, 100U);
  EXPECT_EQ(options->connection_count, 50U);
  EXPECT_EQ(options->pipeline, 1U);
  EXPECT_EQ(options->rate, 0U);
  EXPECT_EQ(options->duration, Duration{10'000});
  EXPECT_FALSE(options->is_filled_first);
}

TEST(BenchOptions, TakeAllThatIsSaid) {
  const auto options = read({"memcached://[::1]:11211",
                             "--connections",
                             "500",
                             "--threads",
                             "2",
                             "--pipeline",
                             "8",
                             "--rate",
                             "1000",
                             "--duration",
                             "1m",
                             "--warm-up",
                             "2s",
                             "--fill",
                             "--reads",
                             "90",
                             "--keys-per-read",
                             "3",
                             "--keys",
                             "77",
                             "--key-choice",
                             "zipf",
                             "--skew",
                             "1.2",
                             "--seed",
                             "5",
                             "--value-mean",
                             "1kb",
                             "--verify",
                             "--timeout",
                             "3s",
                             "--json"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->server.host, "::1");
  const Workload& workload = options->workload;
  EXPECT_EQ(workload.protocol, BenchProtocol::memcached);
  EXPECT_EQ(workload.key_count, 77U);
  EXPECT_EQ(workload.key_choice, KeyChoice::zipf);
  EXPECT_EQ(workload.skew, 1.2);
  EXPECT_EQ(workload.seed, 5U);
  EXPECT_EQ(workload.value_rule.kind, ValueRuleKind::log_normal);
  EXPECT_EQ(workload.value_rule.size, 1024U);
  EXPECT_EQ(workload.read_percent, 90U);
  EXPECT_EQ(workload.keys_per_read, 3U);
  EXPECT_TRUE(workload.is_verified);
  EXPECT_EQ(options->connection_count, 500U);
  EXPECT_EQ(options->thread_count, 2U);
  EXPECT_EQ(options->pipeline, 8U);
  EXPECT_EQ(options->pending_count_max(), 16U);
  EXPECT_EQ(options->rate, 1000U);
  EXPECT_EQ(options->duration, Duration{60'000});
  EXPECT_EQ(options->warm_up, Duration{2000});
  EXPECT_EQ(options->timeout, Duration{3000});
  EXPECT_TRUE(options->is_filled_first);
  EXPECT_TRUE(options->is_json);
}

TEST(BenchOptions, SayWhoAsksAndWhoIsAsked) {
  const auto options =
      read({"resp+tls://h:1", "--user", "bench", "--tls-ca", "ca", "--tls-cert", "crt", "--tls-key", "key"},
           {{"LARDER_BENCH_PASSWORD", "secret"}});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_TRUE(options->server.tls);
  EXPECT_EQ(options->workload.protocol, BenchProtocol::resp);
  EXPECT_EQ(options->login.user, "bench");
  EXPECT_EQ(options->login.password, "secret");
  EXPECT_EQ(options->tls.ca_file, "ca");
  EXPECT_EQ(options->tls.certificate_file, "crt");
  EXPECT_EQ(options->tls.key_file, "key");
  EXPECT_TRUE(options->tls.verifies);
  EXPECT_TRUE(options->warnings.empty());
  EXPECT_EQ(read({"--password", "secret"})->warnings.size(), 1U);
  EXPECT_EQ(read({"memcached+tls://h:1"})->workload.protocol, BenchProtocol::memcached);
  EXPECT_THAT(error_of({"memcached://h:1", "--user", "bench"}),
              HasSubstr("--user: memcached's text has no login"));
  EXPECT_THAT(error_of({"--tls-ca", "ca"}), HasSubstr("--tls-ca: is for a server with TLS"));
  EXPECT_THAT(error_of({"--password-file", "/nowhere/file"}),
              HasSubstr("--password-file: '/nowhere/file' cannot"));
}

TEST(BenchOptions, CountRequestsInPlaceOfSeconds) {
  const auto counted = read({"--requests", "1000"});
  ASSERT_TRUE(counted) << counted.error().message;
  EXPECT_EQ(counted->request_count_max, 1000U);
  EXPECT_EQ(counted->duration, Duration{0});
  const auto both = read({"--requests", "1000", "--duration", "2s"});
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(both->duration, Duration{2000});
  const auto fill_only = read({"--requests", "0", "--fill"});
  ASSERT_TRUE(fill_only) << fill_only.error().message;
  EXPECT_EQ(fill_only->request_count_max, 0U);
}

TEST(BenchOptions, ComeFromTheEnvironmentToo) {
  const auto options = read({}, {{"LARDER_BENCH_CONNECTIONS", "7"}});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->connection_count, 7U);
}

TEST(BenchOptions, AreRefusedBySentencesThatNameThem) {
  EXPECT_THAT(error_of({"http://127.0.0.1:8080"}), HasSubstr("http"));
  EXPECT_THAT(error_of({"127.0.0.1"}), HasSubstr("scheme://host:port"));
  EXPECT_THAT(error_of({"--connections", "0"}), HasSubstr("--connections"));
  EXPECT_THAT(error_of({"--connections", "3", "--threads", "4"}), HasSubstr("--threads: more than the 3"));
  EXPECT_THAT(error_of({"--reads", "101"}), HasSubstr("--reads"));
  EXPECT_THAT(error_of({"--keys", "0"}), HasSubstr("--keys"));
  EXPECT_THAT(error_of({"--key-choice", "some"}), HasSubstr("--key-choice"));
  EXPECT_THAT(error_of({"--key-choice", "zipf", "--skew", "11"}), HasSubstr("--skew: '11' is not"));
  EXPECT_THAT(error_of({"--key-choice", "zipf", "--skew", "x"}), HasSubstr("--skew: 'x' is not"));
  EXPECT_THAT(error_of({"--skew", "1"}), HasSubstr("is for --key-choice zipf"));
  EXPECT_THAT(error_of({"--value-size", "1", "--value-mean", "1"}), HasSubstr("cannot go together"));
  EXPECT_THAT(error_of({"--requests", "0"}), HasSubstr("leaves nothing to do"));
  EXPECT_THAT(error_of({"--requests", "1", "--warm-up", "1s"}), HasSubstr("--warm-up: cannot go together"));
  EXPECT_THAT(error_of({"--duration", "10"}), HasSubstr("--duration"));
  EXPECT_THAT(error_of({"--duration", "0"}), HasSubstr("--duration"));
  EXPECT_THAT(error_of({"--rate", "0"}), HasSubstr("--rate"));
  EXPECT_THAT(error_of({"--connections", "10000", "--pipeline", "1000", "--keys-per-read", "10"}),
              HasSubstr("--pipeline: with so many connections"));
}

}  // namespace
}  // namespace larder::tools
