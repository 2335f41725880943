#include "session/slow_log.h"

#include <algorithm>
#include <utility>

namespace larder::session {
namespace {

constexpr std::size_t argument_count_max = 32;
constexpr std::size_t argument_size_max = 128;

std::string shorten(Bytes argument) {
  if (argument.size() <= argument_size_max) return std::string(argument);
  return std::string(argument.substr(0, argument_size_max)) + "... (" +
         std::to_string(argument.size() - argument_size_max) + " more bytes)";
}

// What an entry takes. Strings that are short need no memory of their own; to count them as if they did is
// on the safe side.
std::size_t size_of(const SlowCommand& command) {
  std::size_t size = sizeof(SlowCommand) + command.address.capacity() + command.client_name.capacity() +
                     command.arguments.capacity() * sizeof(std::string);
  for (const std::string& argument : command.arguments) size += argument.capacity();
  return size;
}

}  // namespace

std::vector<std::string> SlowLog::shown(std::span<const Bytes> arguments) {
  std::vector<std::string> all;
  const bool is_cut = arguments.size() > argument_count_max;
  const std::size_t shown_count = is_cut ? argument_count_max - 1 : arguments.size();
  for (const Bytes argument : arguments.first(shown_count)) all.push_back(shorten(argument));
  if (is_cut) {
    all.push_back("... (" + std::to_string(arguments.size() - shown_count) + " more arguments)");
  }
  return all;
}

void SlowLog::add(SlowCommand command) {
  const std::lock_guard lock(mutex_);
  command.id = next_id_++;
  commands_.push_front(std::move(command));
  held_size_ += size_of(commands_.front());
  while (commands_.size() > size_max.load(std::memory_order_relaxed) || held_size_ > held_size_max) {
    drop_oldest();
  }
}

void SlowLog::drop_oldest() {
  held_size_ -= size_of(commands_.back());
  commands_.pop_back();
}

void SlowLog::reset() {
  const std::lock_guard lock(mutex_);
  commands_.clear();
  held_size_ = 0;
}

std::size_t SlowLog::size() const {
  const std::lock_guard lock(mutex_);
  return commands_.size();
}

std::vector<SlowCommand> SlowLog::newest(std::size_t count) const {
  const std::lock_guard lock(mutex_);
  const auto end = commands_.begin() + static_cast<std::ptrdiff_t>(std::min(count, commands_.size()));
  return {commands_.begin(), end};
}

}  // namespace larder::session
