#include "session/resp_commands.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/ascii.h"
#include "base/assert.h"
#include "base/numbers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

// Three letters and the length tell most names apart, and one is looked for with every command; nobody can
// add any that are alike.
std::size_t hash_of_name(Bytes name) {
  if (name.empty()) return 0;
  const auto letter = [name](std::size_t place) {
    return std::size_t{static_cast<unsigned char>(ascii_lower(name[place]))};
  };
  return ((letter(0) * 31 + letter(name.size() / 2)) * 31 + letter(name.size() - 1)) * 31 + name.size();
}

// All rows in the order of their names, and a table of their numbers, half of it empty.
class CommandTable final {
 public:
  CommandTable() {
    for (const auto part : {string_commands(), key_commands(), connection_commands(), server_commands(),
                            answered_commands(), absent_commands()}) {
      rows_.insert(rows_.end(), part.begin(), part.end());
    }
    std::ranges::sort(rows_, {}, &CommandSpec::name);
    give_places();
    places_.resize(std::bit_ceil(rows_.size() * 2));
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      LARDER_ASSERT(i == 0 || rows_[i - 1].name != rows_[i].name);
      std::size_t place = hash_of_name(rows_[i].name);
      while (places_[place & (places_.size() - 1)] != 0) ++place;
      places_[place & (places_.size() - 1)] = static_cast<std::uint16_t>(i + 1);
    }
  }

  [[nodiscard]] std::span<const CommandSpec> rows() const { return rows_; }
  [[nodiscard]] std::size_t size() const { return rows_.size() + subcommands_.size(); }

  [[nodiscard]] const CommandSpec* find(Bytes name) const {
    for (std::size_t place = hash_of_name(name);; ++place) {
      const std::uint16_t number = places_[place & (places_.size() - 1)];
      if (number == 0) return nullptr;
      const CommandSpec& row = rows_[number - 1U];
      if (equals_ignoring_case(row.name, name)) return &row;
    }
  }

 private:
  // The rows in their order, and behind them those of subcommands, which are copied for that.
  void give_places() {
    std::size_t subcommand_count = 0;
    for (const CommandSpec& row : rows_) subcommand_count += row.subcommands.size();
    subcommands_.reserve(subcommand_count);
    std::uint16_t place = 0;
    for (CommandSpec& row : rows_) row.place = place++;
    for (CommandSpec& row : rows_) {
      const std::size_t first = subcommands_.size();
      for (const CommandSpec& subcommand : row.subcommands) {
        subcommands_.push_back(subcommand);
        subcommands_.back().place = place++;
      }
      row.subcommands = std::span(subcommands_).subspan(first, row.subcommands.size());
    }
  }

  std::vector<CommandSpec> rows_;
  std::vector<CommandSpec> subcommands_;
  std::vector<std::uint16_t> places_;
};

const CommandTable& table() {
  static const CommandTable all;
  return all;
}

}  // namespace

std::span<const CommandSpec> command_table() { return table().rows(); }

std::size_t command_count() { return table().size(); }

const CommandSpec* find_command(Bytes name) {
  constexpr std::size_t name_size_max = 64;  // longer than any; a peer's may be megabytes
  return name.size() > name_size_max ? nullptr : table().find(name);
}

const CommandSpec* find_subcommand(const CommandSpec& container, Bytes name) {
  const auto found = std::ranges::find_if(container.subcommands, [&](const CommandSpec& spec) {
    return equals_ignoring_case(spec.name.substr(container.name.size() + 1), name);
  });
  return found != container.subcommands.end() ? &*found : nullptr;
}

// TOUCH is for nothing but to count as a use.
bool reads_quietly(const RespState& state, const CommandSpec& spec) {
  return state.client->leaves_age.load(std::memory_order_relaxed) && spec.name != "touch";
}

bool accepts_argument_count(const CommandSpec& spec, std::size_t count) {
  if (spec.arity >= 0) return count == static_cast<std::size_t>(spec.arity);
  return count >= static_cast<std::size_t>(-spec.arity);
}

bool has_word(Bytes text, Bytes wanted) {
  while (!text.empty()) {
    const std::size_t size = std::min(text.find(' '), text.size());
    if (text.substr(0, size) == wanted) return true;
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return false;
}

// By its options a command may show what was there, or let it be guessed at.
Denial denial_of(const Login& login, const CommandSpec& spec, std::span<const Bytes> arguments) {
  if (!login.is_limited()) return Denial::nothing;
  const bool is_chosen_read =
      spec.keys.chosen_access != nullptr && spec.keys.chosen_access(arguments).starts_with("RW");
  if (!login.may(spec.needs) || (is_chosen_read && !login.may(read_right))) return Denial::command;
  bool reaches_all = true;
  for_each_key(spec, arguments, [&](Bytes key) { reaches_all &= login.may_reach(key); });
  return reaches_all ? Denial::nothing : Denial::key;
}

KeyRange key_range(const CommandSpec& spec, std::span<const Bytes> arguments) {
  const KeyPlaces& keys = spec.keys;
  if (keys.first == 0) return {};
  KeyRange range{.first = static_cast<std::size_t>(keys.first), .step = static_cast<std::size_t>(keys.step)};
  const std::size_t count = arguments.size();
  if (keys.is_counted) {
    if (count < range.first) return {};
    const auto number = parse_int64(arguments[range.first - 1]);
    if (!number || *number <= 0 || static_cast<std::uint64_t>(*number) > count) return {};
    range.end = std::min(range.first + static_cast<std::size_t>(*number) * range.step, count);
  } else {
    const auto last =
        static_cast<std::ptrdiff_t>(keys.last) + (keys.last < 0 ? static_cast<std::ptrdiff_t>(count) : 0);
    range.end = std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(last + 1, 0)), count);
  }
  return range;
}

}  // namespace larder::session
