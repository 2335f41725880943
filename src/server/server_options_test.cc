// The options mean what the table says, and those that depend on each other are checked together. Method:
// command lines as a person would type them; the defaults that depend on the machine are compared with what
// the machine says.
#include "server/server_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <thread>

#include "cache/factory.h"
#include "program/sample_file.h"
#include "server/cores.h"

namespace larder::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

Result<ServerOptions> options_of(const std::vector<std::string>& arguments,
                                 const program::EnvironmentVariables& environment = {}) {
  const auto parsed = program::read_options(server_option_table(), arguments, environment);
  if (!parsed) return std::unexpected(parsed.error());
  return make_server_options(parsed->values);
}

std::string error_of(const std::vector<std::string>& arguments,
                     const program::EnvironmentVariables& environment = {}) {
  const auto options = options_of(arguments, environment);
  return options ? "no error" : options.error().message;
}

TEST(ServerOptions, HaveTheDefaultsThatThePagesPromise) {
  const auto options = options_of({});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_THAT(options->listen,
              ElementsAre(Endpoint{"line", "127.0.0.1", 9999}, Endpoint{"resp", "127.0.0.1", 6379},
                          Endpoint{"http", "127.0.0.1", 8080}));
  EXPECT_EQ(options->memory_size_max, 256U << 20);
  EXPECT_EQ(options->item_count_max, 0U);
  EXPECT_EQ(options->backend, "segment");
  EXPECT_EQ(options->policy, "s3fifo");
  EXPECT_GE(options->worker_count, 1U);
  EXPECT_EQ(options->shard_count, cache::choose_shard_count(256U << 20, 0, options->worker_count));
  EXPECT_EQ(options->connection_count_max, 10'000U);
  EXPECT_EQ(options->limits.key_size_max, 16U << 10);
  EXPECT_EQ(options->limits.value_size_max, 128U << 20);
  EXPECT_EQ(options->limits.line_size_max, 1U << 20);
  EXPECT_EQ(options->output_size_max, 256U << 20);
  EXPECT_EQ(options->limits.output_size_max, 256U << 20);
  EXPECT_EQ(options->backlog, 4096);
  EXPECT_EQ(options->keepalive, std::chrono::seconds{300});
  EXPECT_EQ(options->unix_mode, 0700U);
  EXPECT_EQ(options->buffer_size_max, 256U << 20);
  EXPECT_EQ(options->idle_timeout, Duration{0});
  EXPECT_EQ(options->shutdown_timeout, Duration{10'000});
  EXPECT_FALSE(options->allow_anonymous);
  EXPECT_EQ(options->password, "");
  EXPECT_EQ(options->slow_log_threshold_us, 10'000);
  EXPECT_EQ(options->slow_log_size_max, 128U);
  EXPECT_EQ(options->config_path, "");
  EXPECT_THAT(options->allowed_origins, IsEmpty());
  EXPECT_THAT(options->warnings, IsEmpty());
}

TEST(ServerOptions, CountTheCoresThatThisProcessMayUse) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++core) {
    if (CPU_ISSET(core, &before)) CPU_SET(core, &one);
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  const auto options = options_of({});
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->worker_count, 1U);
}

TEST(ServerOptions, BindWorkersToCoresInTheirOrder) {
  const std::vector<int> cores = usable_cores();
  EXPECT_THAT(options_of({})->pinned_cores, IsEmpty());
  EXPECT_EQ(options_of({"--pin"})->pinned_cores, cores);
  EXPECT_THAT(options_of({"--pin", "--workers", "1"})->pinned_cores, ElementsAre(cores.front()));
  const std::string one_too_many = std::to_string(cores.size() + 1);
  EXPECT_EQ(error_of({"--pin", "--workers", one_too_many}),
            "--pin: " + one_too_many + " workers cannot have a core each: this process may use " +
                std::to_string(cores.size()) + "; --workers makes them fewer");
  EXPECT_EQ(error_of({"--workers", one_too_many}), "no error");
}

TEST(ServerOptions, TakeUnixSocketsWithoutAWordAboutPasswords) {
  const auto options = options_of({"--listen", "resp+unix:///run/larder.sock", "--unix-mode", "0777"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_THAT(options->listen, ElementsAre(Endpoint{.scheme = "resp", .path = "/run/larder.sock"}));
  EXPECT_EQ(options->unix_mode, 0777U);
  EXPECT_THAT(error_of({"--listen", "resp+unix://run/larder.sock"}), HasSubstr("starts with a slash"));
  EXPECT_THAT(error_of({"--listen", "gopher+unix:///run/larder.sock"}), HasSubstr("its scheme must be"));
  EXPECT_THAT(error_of({"--unix-mode", "rwx"}), StartsWith("--unix-mode: 'rwx' is not the mode of a socket"));
}

TEST(ServerOptions, SayThatAHostDoesNotExist) {
  EXPECT_THAT(error_of({"--listen", "resp://no-such-host.invalid:0"}), Not(HasSubstr("--allow-anonymous")));
}

TEST(ServerOptions, DeriveTheSizesThatDependOnOthers) {
  const auto large = options_of({"--memory", "4gb"});
  ASSERT_TRUE(large.has_value());
  EXPECT_EQ(large->limits.value_size_max, 512U << 20);
  EXPECT_EQ(large->output_size_max, 1024U << 20);
  const auto small = options_of({"--memory", "1mb"});
  ASSERT_TRUE(small.has_value());
  EXPECT_EQ(small->limits.value_size_max, 512U << 10);
  EXPECT_EQ(small->output_size_max, 128U << 20);
  const auto given = options_of({"--value-size-max", "80mb"});
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->output_size_max, 160U << 20);
  EXPECT_EQ(large->buffer_size_max, 1024U << 20) << "two of the largest values";
  EXPECT_EQ(small->buffer_size_max, 10'000U * 8192) << "8 KiB for each of --connections-max";
  EXPECT_EQ(options_of({"--memory", "1mb", "--connections-max", "10"})->buffer_size_max, 64U << 20);
  EXPECT_EQ(options_of({"--memory", "4gb", "--value-size-max", "8mb"})->buffer_size_max, 1024U << 20)
      << "a quarter of --memory";
}

TEST(ServerOptions, LeaveSomeOfTheBufferMemoryToEachConnection) {
  EXPECT_EQ(options_of({"--buffer-memory", "80mb"})->buffer_size_max, 80U << 20);
  EXPECT_THAT(error_of({"--buffer-memory", "64mb"}), HasSubstr("80000kb, which is 8kb for each of"));
  EXPECT_EQ(options_of({"--buffer-memory", "64mb", "--connections-max", "1000"})->buffer_size_max, 64U << 20);
}

TEST(ServerOptions, RefuseShardsThatCannotWorkWithTheLargestNumberThatCan) {
  EXPECT_EQ(options_of({"--memory", "256mb", "--shards", "4"})->shard_count, 4U);
  const std::size_t largest = cache::shard_count_max(1U << 20, 0);
  EXPECT_EQ(error_of({"--memory", "1mb", "--shards", "4096"}),
            "--shards: 4096 parts are too many; the largest number that can work with these limits is " +
                std::to_string(largest));
  EXPECT_EQ(error_of({"--memory", "1mb", "--shards", "3"}),
            "--shards: 3 is not a power of two; the largest number that can work with these limits is " +
                std::to_string(largest));
  EXPECT_THAT(error_of({"--items-max", "3", "--shards", "4"}), StartsWith("--shards: 4 parts are too many"));
  EXPECT_EQ(error_of({"--memory", "1mb", "--shards", std::to_string(largest)}), "no error");
}

TEST(ServerOptions, GiveASmallCacheOneShard) {
  EXPECT_EQ(options_of({"--items-max", "3", "--workers", "8"})->shard_count, 1U);
  EXPECT_EQ(options_of({"--memory", "1mb"})->shard_count, 1U);
}

TEST(ServerOptions, RefuseSizesThatContradictEachOther) {
  EXPECT_EQ(error_of({"--memory", "1mb", "--value-size-max", "2mb"}),
            "--value-size-max: 2mb is more than all of --memory, which is 1mb");
  EXPECT_EQ(error_of({"--key-size-max", "1mb"}),
            "--key-size-max: a line of 1mb (--line-size-max) cannot hold a key of 1mb (--key-size-max)");
  EXPECT_THAT(error_of({}, {{"LARDER_LINE_SIZE_MAX", "1kb"}}),
              StartsWith("LARDER_LINE_SIZE_MAX: a line of 1kb"));
}

TEST(ServerOptions, WarnOfAPolicyThatTheBackEndDoesNotHave) {
  const auto options = options_of({"--backend", "lru", "--policy", "clock"});
  ASSERT_TRUE(options.has_value());
  EXPECT_THAT(options->warnings, ElementsAre(HasSubstr("lru has an order of its own")));
  const auto fitting = options_of({"--policy", "clock"});
  ASSERT_TRUE(fitting.has_value());
  EXPECT_THAT(fitting->warnings, IsEmpty());
}

TEST(ServerOptions, WarnOfValuesThatCannotBeReadByASlowPeer) {
  const auto options = options_of({"--value-size-max", "8mb", "--output-size-max", "4mb"});
  ASSERT_TRUE(options.has_value());
  EXPECT_THAT(options->warnings, ElementsAre(HasSubstr("--output-size-max (4mb)")));
}

TEST(ServerOptions, RefuseToListenBeyondLoopbackUnlessThatIsMeant) {
  for (const std::string host : {"0.0.0.0", "[::]", "192.0.2.1"}) {
    const std::string url = "resp://" + host + ":0";
    EXPECT_THAT(error_of({"--listen", "line://127.0.0.1:0", "--listen", url}),
                testing::AllOf(StartsWith("--listen: '" + url + "' can be reached from other machines"),
                               HasSubstr("--allow-anonymous")));
    EXPECT_EQ(error_of({"--listen", url, "--allow-anonymous"}), "no error");
  }
  for (const std::string host : {"127.0.0.1", "127.1.2.3", "[::1]", "localhost"}) {
    EXPECT_EQ(error_of({"--listen", "resp://" + host + ":0"}), "no error") << host;
  }
}

TEST(ServerOptions, ListenBeyondLoopbackWhereAPasswordIsAsked) {
  EXPECT_EQ(error_of({"--listen", "resp://0.0.0.0:0"}, {{"LARDER_PASSWORD", "secret"}}), "no error");
  EXPECT_THAT(error_of({"--listen", "resp://0.0.0.0:0", "--password", ""}, {{"LARDER_PASSWORD", "secret"}}),
              HasSubstr("--allow-anonymous"))
      << "the flag takes it away";
}

TEST(ServerOptions, WarnOfAPasswordThatOthersCanSee) {
  const auto seen = options_of({"--password", "secret"});
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->password, "secret");
  EXPECT_THAT(seen->warnings, ElementsAre(testing::AllOf(HasSubstr("ps"), Not(HasSubstr("secret")))));
  const auto hidden = options_of({}, {{"LARDER_PASSWORD", "secret"}});
  ASSERT_TRUE(hidden.has_value());
  EXPECT_EQ(hidden->password, "secret");
  EXPECT_THAT(hidden->warnings, IsEmpty());
  EXPECT_THAT(options_of({"--password", ""})->warnings, IsEmpty());
}

TEST(ServerOptions, RefuseAPasswordThatNobodyCouldGive) {
  EXPECT_EQ(error_of({"--password", std::string(16'384, 'x')}), "no error");
  EXPECT_EQ(error_of({}, {{"LARDER_PASSWORD", std::string(16'385, 'x')}}),
            "LARDER_PASSWORD: longer than 16384 bytes, so that nobody could log in");
}

TEST(ServerOptions, TakeWhatConfigSetTakesOfTheSlowLog) {
  const auto off =
      options_of({"--slowlog-log-slower-than", "-1", "--slowlog-max-len", "9223372036854775807"});
  ASSERT_TRUE(off.has_value());
  EXPECT_EQ(off->slow_log_threshold_us, -1);
  EXPECT_EQ(off->slow_log_size_max, std::size_t{INT64_MAX});
  EXPECT_EQ(options_of({"--slowlog-log-slower-than=0"})->slow_log_threshold_us, 0);
  EXPECT_EQ(error_of({"--slowlog-log-slower-than", "-2"}),
            "--slowlog-log-slower-than: '-2' is not a whole number or -1");
}

TEST(ServerOptions, ServeOnlySchemesThatThereAre) {
  EXPECT_EQ(
      error_of({"--listen", "gopher://127.0.0.1:70"}),
      "--listen: 'gopher://127.0.0.1:70' cannot be served: its scheme must be line://, resp://, http://, "
      "line+tls://, resp+tls:// or http+tls://");
}

TEST(ServerOptions, ACertificateMayTakeThePlaceOfAPassword) {
  const std::vector<std::string> secured = {
      "--listen", "resp+tls://0.0.0.0:0", "--tls-cert", "c", "--tls-key", "k"};
  EXPECT_THAT(error_of(secured), HasSubstr("can be reached from other machines"));
  std::vector<std::string> asking = secured;
  asking.insert(asking.end(), {"--tls-client-ca", "a"});
  EXPECT_EQ(options_of(asking)->tls.client_ca, "a");
  asking.insert(asking.end(), {"--listen", "resp://0.0.0.0:0"});
  EXPECT_THAT(error_of(asking), HasSubstr("'resp://0.0.0.0:0' can be reached from other machines"));
}

TEST(ServerOptions, TakeOriginsAsABrowserWritesThem) {
  EXPECT_THAT(options_of({"--allow-origin", "https://a.example", "--allow-origin", "http://b.example:8080"})
                  ->allowed_origins,
              ElementsAre("https://a.example", "http://b.example:8080"));
  for (const std::string text : {"*", "a.example", "https://a.example/", "https://", "://a", "https://a b"}) {
    EXPECT_THAT(error_of({"--allow-origin", text}),
                StartsWith("--allow-origin: '" + text + "' is not an origin"));
  }
}

TEST(ServerOptions, LeaveTheWebApplicationsVariablesAlone) {
  const auto parsed =
      program::read_options(server_option_table(), {}, {{"LARDER_WEB_CACHE", "x"}, {"LARDER_MEMROY", "1mb"}});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_THAT(parsed->warnings, ElementsAre(HasSubstr("LARDER_MEMROY")));
}

TEST(ServerOptions, AreInTheSampleAsInTheTable) {
  EXPECT_EQ(program::sample_file_text(server_option_table(), LARDER_DOCS "/larder.sample.toml"),
            program::sample_config(server_option_table()));
}

}  // namespace
}  // namespace larder::server
