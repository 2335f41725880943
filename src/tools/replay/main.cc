// larder-replay: request traces against eviction policies and running servers.
#include "program/run_program.h"
#include "tools/replay/replay_options.h"
#include "tools/replay/run_replay.h"

int main(int argument_count, char** arguments) {
  return larder::program::run_program(
      larder::tools::replay_option_table(), argument_count, arguments,
      [](const larder::program::OptionValues& values) { return larder::tools::run_replay(values); });
}
