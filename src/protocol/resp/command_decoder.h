// protocol/resp/command_decoder.h: the requests of RESP, server role.
//
//   *2\r\n $3\r\n GET\r\n $1\r\n k\r\n        an array of bulk strings
//   GET k\r\n                                 an inline command (inline_command.h)
//
// The caller keeps the bytes and presents them again, with more behind them, until a message is whole; the
// decoder remembers how far it got, so a command that arrives byte by byte is scanned once.
//
// A command that is too large has a known end, and its connection can be kept: next() answers the error
// once, as soon as it is known, and hands the rest of that command back piece by piece as commands without
// arguments, to be dropped without being kept. Its short arguments are shown on the way, since some of them
// may be keys.
//
// A long argument may be handed on as it comes, to an ArgumentSink, instead of being held until its command
// is whole. Its bytes are then handed back to the caller piece by piece like those of a refused command, and
// what stands before it is copied into the decoder:
//
//   *5 $3 SET $1 k $9000000 | ............ CR LF | $2 EX $2 10
//   head_                     the sink's           the input
//
// A peer that has not logged in yet is held to tighter bounds: it has no business with more than a few words.
//
// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/ and the texts of Redis 7.
// Differs from Redis: the bytes behind a count and behind a bulk must be CR LF (Redis skips two bytes
// unseen); a line over its limit is an error whether or not its end is there already; '$' is missed at once.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/resp/inline_command.h"

namespace larder::protocol {

/// The bounds of one command.
struct CommandLimits {
  std::size_t argument_count_max = std::size_t{1} << 20;
  std::size_t bulk_size_max = std::size_t{512} << 20;     // of one argument; beyond: too_large
  std::size_t command_size_max = std::size_t{1} << 30;    // of the whole, headers included; beyond: too_large
  std::size_t inline_size_max = std::size_t{64} << 10;    // of an inline command, and of a header line
  std::size_t skipped_size_max = std::size_t{512} << 20;  // of one refused argument; beyond: malformed
  std::size_t passed_size_max = 0;                        // of an argument that passed() shows
  std::size_t sunk_size_min = std::size_t{64} << 10;      // of an argument that a sink is asked about
  std::size_t stranger_argument_count_max = 10;           // before a login; beyond: malformed
  std::size_t stranger_bulk_size_max = std::size_t{16}
                                       << 10;  // of one argument before a login; beyond: malformed
};

/// Takes long arguments as they come.
class ArgumentSink {
 public:
  /// The argument at `index`, 1 or more, of a command has `size` bytes. False: hold it as any other.
  virtual bool begin(Bytes command_name, std::size_t index, std::size_t size) = 0;
  /// The next of them. False: no room; the command is refused.
  virtual bool append(Bytes bytes) = 0;
  /// All of them. Valid until the caller is done with the command.
  virtual Bytes whole() = 0;

 protected:
  ~ArgumentSink() = default;
};

/// One request. Views borrow the decoder's input, or the decoder, until its next call.
struct Command {
  std::span<const Bytes> arguments;  // empty: nothing was asked; drop `size` bytes and go on, without a reply
  std::size_t size = 0;              // bytes of input it took; may be 0 for no command
};

/// Cuts a stream of bytes into commands.
///
/// Units      sizes and offsets are bytes; offsets count from the front of the input of next()
/// Ownership  the input is the caller's; unquoted words of an inline command are the decoder's
/// Threads    belongs to one connection
/// Errors     malformed: send the message (behind "-ERR "), close, and do not call again;
///            too_large: send the message (behind "-ERR ") as the reply to this command, and go on;
///            overloaded: the sink had no room; as too_large
/// Invariant  between calls it holds no more than 2 slices of 16 bytes for each argument it has seen, one
///            inline line, and of a command with an argument in the sink what stands before that
class CommandDecoder final {
 public:
  /// The sink outlives it; null: every argument is held.
  explicit CommandDecoder(const CommandLimits& limits, ArgumentSink* sink = nullptr)
      : limits_(limits), sink_(sink) {}

  /// Decodes the command at the front of `input`; nullopt: feed me more bytes. After a command the caller
  /// drops its `size` bytes; after nullopt and too_large it drops nothing.
  [[nodiscard]] Result<std::optional<Command>> next(Bytes input);

  /// After nullopt: no use to call before the input has this many bytes. 0: any new byte may do. Never above
  /// command_size_max.
  [[nodiscard]] std::size_t input_size_min() const { return input_size_min_; }

  /// After too_large, and after malformed where a bulk's length or the length of an inline command was
  /// refused: the arguments that stood before what was refused. Otherwise none, or those of the last command.
  /// They borrow the input of that call, or the decoder.
  [[nodiscard]] std::span<const Bytes> refused_arguments() const { return arguments_; }

  /// The arguments that the last call passed over, in order, the refused one first: what is longer than
  /// passed_size_max as an empty one. They borrow the input of that call.
  [[nodiscard]] std::span<const Bytes> passed() const { return passed_; }

  /// It holds nothing of any command: the next one may be decoded by another.
  [[nodiscard]] bool is_between_commands() const {
    return stage_ == Stage::start && offset_ == 0 && scanned_size_ == 0 && head_.empty() && sunk_.empty() &&
           !repeats_;
  }

  [[nodiscard]] const CommandLimits& limits() const { return limits_; }

  /// Whether the peer has to log in before it is served. Holds for the headers that next() reads from here
  /// on.
  void set_stranger(bool is_stranger) { is_stranger_ = is_stranger; }

  /// The caller has not dropped the last command and wants next() to hand it out again.
  void repeat() { repeats_ = !sunk_.empty(); }

  /// A command was refused, and its end is not there yet: the next call may pass over arguments of it.
  [[nodiscard]] bool passes_over() const { return skipping_; }

  /// Of a command with an argument in the sink: the bytes that stood before it, which the input no longer
  /// has.
  [[nodiscard]] std::size_t head_size() const { return head_.size(); }

  /// Bytes that the decoder holds for itself.
  [[nodiscard]] std::size_t memory_size() const;

 private:
  enum class Stage : unsigned char { start, argument_header, argument, sunk_argument };

  Result<std::optional<Bytes>> take_line(Bytes input, const char* too_long);
  Result<std::optional<Command>> next_inline(Bytes input);
  Result<bool> read_array_header(Bytes input);
  Result<bool> read_argument_header(Bytes input);
  Result<bool> read_argument(Bytes input);
  Result<bool> read_sunk_argument(Bytes input);
  bool sink_takes_argument(Bytes input);
  std::unexpected<Error> refuse(Bytes input, const char* message);
  std::unexpected<Error> refuse_length(Bytes input, const char* message);
  void forget_command();
  void collect_inline_start(Bytes line);
  [[nodiscard]] Bytes view_of(const Slice& slice, Bytes text) const;
  void collect_arguments(Bytes text);
  void drop_slices();
  Command finish(Bytes text, std::size_t size);

  CommandLimits limits_;
  ArgumentSink* sink_;
  Stage stage_ = Stage::start;
  bool is_stranger_ = false;
  bool skipping_ = false;              // the command was refused: its bytes are dropped as they come
  bool shows_passed_ = false;          // with skipping_: the argument under way is waited for and shown
  std::size_t offset_ = 0;             // everything before it is decoded
  std::size_t scanned_size_ = 0;       // bytes from offset_ on that hold no line end
  std::size_t arguments_missing_ = 0;  // how many are still to come
  std::size_t argument_size_ = 0;      // with Stage::argument: bytes of it still to come, without its CR LF
  std::size_t input_size_min_ = 0;
  std::vector<Slice> slices_;     // of the command that is under way
  std::vector<Bytes> arguments_;  // of the command that was handed out
  std::vector<Bytes> passed_;     // by the last call
  std::string inline_text_;

  // Of a command with an argument in the sink.
  std::string head_;               // what stood before it
  std::vector<Bytes> sunk_;        // what the sink holds, in order
  std::size_t text_start_ = 0;     // where in the input the text behind the last of them begins
  std::size_t consumed_size_ = 0;  // what the caller has dropped of it
  bool repeats_ = false;
};

}  // namespace larder::protocol
