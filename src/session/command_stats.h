// session/command_stats.h: how often each command was asked for, and what became of it.
//
//   INFO commandstats   cmdstat_get:calls=3,usec=1,usec_per_call=0.33,rejected_calls=0,failed_calls=1
//   INFO errorstats     errorstat_ERR:count=1
//
// A call costs one store into an array of its worker, at the place that its row has in the command table. Two
// looks at a clock would cost a GET a tenth of its time: only what can take long is always timed
// (slow_log.h), and of the other calls of a command every 64th, which stands for all 64.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "insight/counters.h"

namespace larder::session {

struct CommandSpec;

/// Of one command in one worker.
struct alignas(32) CommandCounter {
  insight::Counter calls;        // handlers that were called
  insight::Counter failures;     // calls that were answered with an error
  insight::Counter rejections;   // errors before there was a call
  insight::Counter duration_us;  // of all calls, as far as they were timed
};

/// The sums of all workers, at about one moment.
struct CommandTotals {
  struct Command {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    std::uint64_t rejections = 0;
    std::uint64_t duration_us = 0;
  };
  std::vector<Command> commands;                             // by the rows' places; empty: nothing
  std::map<std::string, std::uint64_t, std::less<>> errors;  // by code: "ERR"
};

/// What the commands of one worker came to.
///
/// Threads    one writes: the worker; add_to() from any
/// Invariant  the counts only grow
class CommandStats final {
 public:
  CommandStats();

  [[nodiscard]] CommandCounter& of(const CommandSpec& spec);

  /// `reply` is an error as it was written: "-ERR syntax error\r\n".
  void count_error(Bytes reply);

  void add_to(CommandTotals& totals) const;

 private:
  // Four to a block, and blocks on lines of their own: no worker writes where another does.
  struct alignas(128) Block {
    CommandCounter counters[4];
  };
  std::vector<Block> blocks_;
  mutable std::mutex mutex_;  // of errors_: they are rare
  std::map<std::string, std::uint64_t, std::less<>> errors_;
};

/// What was counted since `before`.
[[nodiscard]] CommandTotals since(CommandTotals totals, const CommandTotals& before);

}  // namespace larder::session
