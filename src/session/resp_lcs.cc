// LCS: what two values have in common: common_sequence.h.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/common_sequence.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

struct Options {
  bool asks_for_size = false;
  bool asks_for_matches = false;
  bool shows_sizes = false;
  std::int64_t match_size_min = 0;
};

// None: `call` is answered with an error.
std::optional<Options> read_options(RespCall& call) {
  Options options;
  const auto fail = [&](Bytes error) {
    call.reply.error(error);
    return std::nullopt;
  };
  for (std::size_t i = 3; i < call.arguments.size(); ++i) {
    const Bytes word = call.arguments[i];
    if (equals_ignoring_case(word, "idx")) {
      options.asks_for_matches = true;
    } else if (equals_ignoring_case(word, "len")) {
      options.asks_for_size = true;
    } else if (equals_ignoring_case(word, "withmatchlen")) {
      options.shows_sizes = true;
    } else if (equals_ignoring_case(word, "minmatchlen") && i + 1 < call.arguments.size()) {
      const auto size = parse_int64(call.arguments[++i]);
      if (!size) return fail(not_an_integer_error);
      options.match_size_min = std::max<std::int64_t>(*size, 0);
    } else {
      return fail(syntax_error);
    }
  }
  if (options.asks_for_size && options.asks_for_matches) {
    return fail("ERR If you want both the length and indexes, please just use IDX.");
  }
  return options;
}

void write_range(protocol::ReplyEncoder& reply, std::size_t start, std::size_t size) {
  reply.array(2);
  reply.integer(static_cast<std::int64_t>(start));
  reply.integer(static_cast<std::int64_t>(start + size - 1));
}

void write_pieces(RespCall& call, const Options& options, CommonSequence& common) {
  std::erase_if(common.pieces, [&](const CommonPiece& piece) {
    return static_cast<std::int64_t>(piece.size) < options.match_size_min;
  });
  call.reply.map(2);
  call.reply.bulk("matches");
  call.reply.array(common.pieces.size());
  for (const CommonPiece& piece : common.pieces) {
    if (outgrows_output(call)) return;
    call.reply.array(options.shows_sizes ? 3 : 2);
    write_range(call.reply, piece.a_start, piece.size);
    write_range(call.reply, piece.b_start, piece.size);
    if (options.shows_sizes) call.reply.integer(static_cast<std::int64_t>(piece.size));
  }
  call.reply.bulk("len");
  call.reply.integer(static_cast<std::int64_t>(common.bytes.size()));
}

}  // namespace

void handle_lcs(RespCall& call) {
  const auto options = read_options(call);
  if (!options) return;
  const auto keys = call.arguments.subspan(1, 2);
  std::array<std::string, 2> values;
  std::array<std::size_t, 2> sizes{};
  for (std::size_t k = 0; k < keys.size(); ++k) {
    call.keys.get(call.state.database, keys[k], call.now,
                  [&](const cache::ItemView& item) { sizes[k] = item.value.size(); });
  }
  if (!can_find_common_sequence(sizes[0], sizes[1])) {
    return call.reply.error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  for (std::size_t k = 0; k < keys.size(); ++k) {
    call.keys.peek(call.state.database, keys[k], call.now,
                   [&](const cache::ItemView& item) { values[k] = item.value; });
  }
  CommonSequence common = find_common_sequence(values[0], values[1]);
  if (options->asks_for_matches) return write_pieces(call, *options, common);
  if (options->asks_for_size) return call.reply.integer(static_cast<std::int64_t>(common.bytes.size()));
  call.reply.bulk(common.bytes);
}

}  // namespace larder::session
