// tools/bench/run_bench.h: larder-bench behind its options.
//
//   main thread                         threads, each with a Driver
//    |  connects everything              .
//    |  fill:    starts them ----------> store their share of the keys
//    |  measure: starts them ----------> send and receive
//    |  <-- a second, a signal, or the last of them is done
//    |  merges the books, prints
#pragma once

#include "program/options.h"

namespace larder::tools {

/// Fills and measures. Figures go to standard output, all else to standard error. Returns the exit status.
int run_bench(const program::OptionValues& values);

}  // namespace larder::tools
