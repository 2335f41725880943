#include "session/command_stats.h"

#include <algorithm>
#include <cstddef>

#include "session/resp_commands.h"

namespace larder::session {
namespace {

constexpr std::size_t block_count(std::size_t count) { return (count + 3) / 4; }

void take_off(std::uint64_t& count, std::uint64_t before) { count -= std::min(count, before); }

// As Redis finds it: the first word, if it is short; else it is as good as none.
Bytes code_of(Bytes reply) {
  constexpr std::size_t code_size_max = 32;
  const std::size_t size = reply.substr(0, code_size_max).find(' ');
  return size == Bytes::npos || size < 2 ? Bytes("ERR") : reply.substr(1, size - 1);
}

}  // namespace

CommandStats::CommandStats() : blocks_(block_count(command_count())) {}

CommandCounter& CommandStats::of(const CommandSpec& spec) {
  return blocks_[spec.place / 4U].counters[spec.place % 4U];
}

// Codes are this server's own words, so there are only a few.
void CommandStats::count_error(Bytes reply) {
  const Bytes code = code_of(reply);
  const std::lock_guard lock(mutex_);
  auto found = errors_.find(code);
  if (found == errors_.end()) found = errors_.emplace(code, 0).first;
  ++found->second;
}

void CommandStats::add_to(CommandTotals& totals) const {
  totals.commands.resize(command_count());
  for (std::size_t place = 0; place < totals.commands.size(); ++place) {
    const CommandCounter& counter = blocks_[place / 4].counters[place % 4];
    CommandTotals::Command& command = totals.commands[place];
    command.calls += counter.calls.value();
    command.failures += counter.failures.value();
    command.rejections += counter.rejections.value();
    command.duration_us += counter.duration_us.value();
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [code, count] : errors_) totals.errors[code] += count;
}

// Another worker may have reset them since they were gathered.
CommandTotals since(CommandTotals totals, const CommandTotals& before) {
  for (std::size_t place = 0; place < std::min(totals.commands.size(), before.commands.size()); ++place) {
    CommandTotals::Command& command = totals.commands[place];
    take_off(command.calls, before.commands[place].calls);
    take_off(command.failures, before.commands[place].failures);
    take_off(command.rejections, before.commands[place].rejections);
    take_off(command.duration_us, before.commands[place].duration_us);
  }
  for (const auto& [code, count] : before.errors) {
    if (const auto found = totals.errors.find(code); found != totals.errors.end())
      take_off(found->second, count);
  }
  std::erase_if(totals.errors, [](const auto& entry) { return entry.second == 0; });
  return totals;
}

}  // namespace larder::session
