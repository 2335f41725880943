// protocol/resp/command_batch.h: the plain commands of a pipeline, decoded together.
//
//   *2 $3 GET $1 a | *2 $3 GET $1 b | *3 $3 SET $1 c $9000 ...       what one read delivered
//   [ batch        |              ] | the decoder's
//
// Plain is what nearly every command is: an array of a few short bulk strings that are all there. Such a
// command needs no state and no error, so it is read without either, and many of them before the first is
// carried out: who knows all their keys can have all their memory fetched at once. Whatever else comes, half
// or malformed or long or inline, ends the batch, and CommandDecoder takes it from there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "protocol/resp/command_decoder.h"

namespace larder::protocol {

/// The plain command at the front of `input`, its arguments in `room`, which must have room for them. Size 0:
/// there is none.
[[nodiscard]] Command plain_command(Bytes input, const CommandLimits& limits, std::span<Bytes> room);

/// A queue of decoded commands.
///
/// Ownership  commands borrow the input of decode(), and the batch
/// Threads    belongs to one
/// Invariant  what it takes for a command, CommandDecoder with the same limits takes for the same
class CommandBatch final {
 public:
  static constexpr std::size_t command_count_max = 16;
  static constexpr std::size_t argument_count_max = 64;  // of all commands together

  /// Decodes the plain commands at the front of `input`, up to the bounds above. The batch is empty before.
  void decode(Bytes input, const CommandLimits& limits);

  [[nodiscard]] bool empty() const { return next_ == count_; }
  [[nodiscard]] std::size_t size() const { return count_ - next_; }
  /// The arguments of the command at `index`, which stays.
  [[nodiscard]] std::span<const Bytes> arguments(std::size_t index) const {
    const Entry& entry = entries_[next_ + index];
    return std::span(arguments_).subspan(entry.first, entry.count);
  }
  /// The first command, which leaves.
  Command take() {
    const Command command{.arguments = arguments(0), .size = entries_[next_].size};
    ++next_;
    return command;
  }
  /// Without those that are left: the caller still has their bytes.
  void clear() { count_ = next_ = 0; }

 private:
  struct Entry {
    std::uint32_t first;  // of its arguments
    std::uint32_t count;
    std::size_t size;  // bytes of input
  };

  std::size_t count_ = 0;
  std::size_t next_ = 0;
  std::array<Entry, command_count_max> entries_{};
  std::array<Bytes, argument_count_max> arguments_;
};

}  // namespace larder::protocol
