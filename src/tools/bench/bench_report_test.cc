// The figures are right in both forms, and fit under their heads. Method: books made by hand.
#include "tools/bench/bench_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace larder::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

BenchOptions options_of_a_run() {
  BenchOptions options;
  options.server = {.scheme = "resp", .host = "127.0.0.1", .port = 6379};
  options.workload.read_percent = 75;
  return options;
}

BenchFigures figures_of_a_run() {
  BenchFigures figures;
  figures.elapsed = std::chrono::seconds{2};
  figures.processor_time = std::chrono::milliseconds{500};
  Tally& tally = figures.tally;
  tally.sent_count = tally.replied_count = 1000;
  tally.hit_count = 700;
  tally.miss_count = 40;
  tally.wrong_count = 10;
  tally.spoilt_count = 10;
  tally.stored_count = 249;
  tally.refused_count = 1;
  tally.first_refusal = "OOM \"full\"";
  tally.first_wrong = "object:1";
  tally.sent_size = 4'000'000;
  tally.received_size = 8'000'000;
  for (std::uint64_t i = 0; i < 750; ++i) tally.reads.record(100'000);
  for (std::uint64_t i = 0; i < 250; ++i) tally.stores.record(200'000);
  return figures;
}

TEST(BenchReport, IsATable) {
  EXPECT_EQ(bench_table(options_of_a_run(), figures_of_a_run()),
            "server       resp://127.0.0.1:6379\n"
            "asked        75 % reads, the others stores; 1000000 keys, uniform; values of 64b\n"
            "load         50 connections, pipeline 1, 1 thread\n"
            "\n"
            "requests/s   494\n"
            "requests     1000 in 2.000 s\n"
            "hits         700\n"
            "misses       40\n"
            "stored       249\n"
            "refused      1\n"
            "wrong        10\n"
            "sent         2.00 MB/s\n"
            "received     4.00 MB/s\n"
            "own time     500.000 us a request, threads busy 25 %\n"
            "\n"
            "latency, us         mean        p50        p90        p99      p99.9     p99.99        max\n"
            "reads              100.0      100.0      100.0      100.0      100.0      100.0      100.0\n"
            "stores             200.0      200.0      200.0      200.0      200.0      200.0      200.0\n"
            "all                125.0      100.0      200.0      200.0      200.0      200.0      200.0\n");
}

TEST(BenchReport, IsOneJsonObject) {
  const std::string json = bench_json(options_of_a_run(), figures_of_a_run());
  EXPECT_TRUE(json.starts_with("{\"server\":\"resp://127.0.0.1:6379\",\"connections\":50,\"threads\":1,"))
      << json;
  EXPECT_TRUE(json.ends_with("}}\n")) << json;
  for (const char* part :
       {"\"rate\":null", "\"read_percent\":75", "\"value_size\":64", "\"elapsed_s\":2.000000",
        "\"requests_per_s\":494.5", "\"sent\":1000,\"replied\":1000,\"succeeded\":989",
        "\"hits\":700,\"misses\":40,\"stored\":249", "\"refused\":1,\"wrong\":10",
        "\"first_refusal\":\"OOM \\\"full\\\"\"", "\"own_cpu_us_per_request\":500.0000",
        "\"own_busy\":0.2500", "\"all\":{\"count\":1000,\"mean\":125.000", "\"stores\":{\"count\":250,"}) {
    EXPECT_THAT(json, HasSubstr(part));
  }
}

TEST(BenchReport, TellsHandshakesApartFromRequests) {
  BenchFigures figures = figures_of_a_run();
  EXPECT_THAT(bench_json(options_of_a_run(), figures), HasSubstr("\"tls\":null,"));
  figures.tls = TlsFigures{.version = "TLSv1.3",
                           .cipher = "TLS_AES_256_GCM_SHA384",
                           .handshake_count = 50,
                           .handshake_time = std::chrono::milliseconds{100}};
  EXPECT_THAT(bench_json(options_of_a_run(), figures),
              HasSubstr("\"tls\":{\"version\":\"TLSv1.3\",\"cipher\":\"TLS_AES_256_GCM_SHA384\","
                        "\"handshakes\":50,\"handshakes_per_s\":500.0},"));
  EXPECT_THAT(bench_table(options_of_a_run(), figures),
              HasSubstr("TLSv1.3, TLS_AES_256_GCM_SHA384, 500 handshakes/s, one at a time\n"));
}

TEST(BenchReport, OfFillingAloneIsShort) {
  BenchOptions options = options_of_a_run();
  options.request_count_max = 0;
  BenchFigures figures;
  figures.filled_count = 5;
  figures.fill_elapsed = std::chrono::milliseconds{1500};
  EXPECT_EQ(bench_table(options, figures),
            "server       resp://127.0.0.1:6379\nfilled       5 keys in 1.500 s\n");
  figures.is_interrupted = true;
  EXPECT_THAT(bench_table(options, figures), HasSubstr("measured     nothing, interrupted\n"));
}

TEST(BenchReport, OfNothingHasNoFigureThatIsNone) {
  const std::string json = bench_json(options_of_a_run(), {});
  EXPECT_THAT(json, HasSubstr("\"requests_per_s\":0.0"));
  EXPECT_THAT(json, Not(HasSubstr("nan")));
  EXPECT_THAT(json, Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace larder::tools
