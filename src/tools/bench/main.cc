// larder-bench: load for a cache server, and how the server bears it.
#include "program/run_program.h"
#include "tools/bench/bench_options.h"
#include "tools/bench/run_bench.h"

int main(int argument_count, char** arguments) {
  return larder::program::run_program(
      larder::tools::bench_option_table(), argument_count, arguments,
      [](const larder::program::OptionValues& values) { return larder::tools::run_bench(values); });
}
