// program/run_program.h: what happens in every main() of ours before the program proper, and how it exits.
#pragma once

#include "base/function_ref.h"
#include "base/result.h"
#include "program/option_table.h"
#include "program/options.h"

namespace larder::program {

/// What a shell sees.
enum ExitStatus : int {
  exit_clean = 0,       // help, version, a clean stop, a healthy answer
  exit_failed = 1,      // cannot start, failed, or an unhealthy answer
  exit_bad_option = 2,  // a flag, a variable or a file is wrong: nothing was started
};

/// Reads the options, answers --help, --version and --healthcheck, sets the log level (the last two where the
/// table has them), logs the warnings and then lets `serve` decide the exit status. An exception that escapes
/// it (memory at start, most likely) is logged and counts as failed.
int run_program(const OptionTable& table, int argument_count, const char* const* arguments,
                FunctionRef<int(const OptionValues&)> serve);

/// Says on standard error what is wrong with an option, at any log level.
int refuse_option(const OptionTable& table, const Error& error);

}  // namespace larder::program
