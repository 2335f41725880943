// tools/replay/run_replay.h: larder-replay behind its options.
#pragma once

#include "program/options.h"

namespace larder::tools {

/// Reads or makes the requests, and simulates, writes or replays them. Figures go to standard output, all
/// else to standard error. Returns the exit status.
int run_replay(const program::OptionValues& values);

}  // namespace larder::tools
