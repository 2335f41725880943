// LCS: the longest sequence of bytes that two values have in common, in order but not in one piece.
//
//   table[i][j]    its length for the first i bytes of one and the first j of the other
//
// From the table's end one goes back to its beginning; on the way the common bytes come out last first, and
// those that lie side by side in both are a match.
//
// Source: Wagner and Fischer, "The string-to-string correction problem", JACM 1974.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

// Cells of the table: 64 MiB, and some 30 ms.
constexpr std::size_t cell_count_max = std::size_t{16} << 20;

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

class Table final {
 public:
  Table(Bytes a, Bytes b) : width_(b.size() + 1), cells_((a.size() + 1) * width_) {
    for (std::size_t i = 1; i <= a.size(); ++i) {
      for (std::size_t j = 1; j <= b.size(); ++j) {
        at(i, j) = a[i - 1] == b[j - 1] ? at(i - 1, j - 1) + 1 : std::max(at(i - 1, j), at(i, j - 1));
      }
    }
  }
  std::uint32_t& at(std::size_t i, std::size_t j) { return cells_[i * width_ + j]; }

 private:
  std::size_t width_;
  std::vector<std::uint32_t> cells_;
};

// The same bytes in both, from a_start and b_start on.
struct Match {
  std::size_t a_start;
  std::size_t b_start;
  std::size_t size;
};

struct Common {
  std::string bytes;
  std::vector<Match> matches;  // the last first
};

Common common_of(Bytes a, Bytes b) {
  Table table(a, b);
  std::size_t i = a.size();
  std::size_t j = b.size();
  Common common;
  common.bytes.resize(table.at(i, j));
  std::size_t left = common.bytes.size();
  while (i > 0 && j > 0) {
    if (a[i - 1] != b[j - 1]) {
      table.at(i - 1, j) > table.at(i, j - 1) ? --i : --j;
      continue;
    }
    --i;
    --j;
    common.bytes[--left] = a[i];
    if (!common.matches.empty() && common.matches.back().a_start == i + 1 &&
        common.matches.back().b_start == j + 1) {
      common.matches.back() = {.a_start = i, .b_start = j, .size = common.matches.back().size + 1};
    } else {
      common.matches.push_back({.a_start = i, .b_start = j, .size = 1});
    }
  }
  return common;
}

void write_range(protocol::ReplyEncoder& reply, std::size_t start, std::size_t size) {
  reply.array(2);
  reply.integer(static_cast<std::int64_t>(start));
  reply.integer(static_cast<std::int64_t>(start + size - 1));
}

void write_matches(RespCall& call, const Options& options, Common& common) {
  std::erase_if(common.matches, [&](const Match& match) {
    return static_cast<std::int64_t>(match.size) < options.match_size_min;
  });
  call.reply.map(2);
  call.reply.bulk("matches");
  call.reply.array(common.matches.size());
  for (const Match& match : common.matches) {
    call.reply.array(options.shows_sizes ? 3 : 2);
    write_range(call.reply, match.a_start, match.size);
    write_range(call.reply, match.b_start, match.size);
    if (options.shows_sizes) call.reply.integer(static_cast<std::int64_t>(match.size));
  }
  call.reply.bulk("len");
  call.reply.integer(static_cast<std::int64_t>(common.bytes.size()));
}

}  // namespace

void handle_lcs(RespCall& call) {
  const auto options = read_options(call);
  if (!options) return;
  std::string a;
  std::string b;
  call.keys.with_keys(call.arguments.subspan(1, 2), [&](cache::Keyspace& locked) {
    locked.get(call.state.database, call.arguments[1], call.now,
               [&](const cache::ItemView& item) { a = item.value; });
    locked.get(call.state.database, call.arguments[2], call.now,
               [&](const cache::ItemView& item) { b = item.value; });
  });
  if (a.size() + 1 > cell_count_max / (b.size() + 1)) {
    return call.reply.error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  Common common = common_of(a, b);
  if (options->asks_for_matches) return write_matches(call, *options, common);
  if (options->asks_for_size) return call.reply.integer(static_cast<std::int64_t>(common.bytes.size()));
  call.reply.bulk(common.bytes);
}

}  // namespace larder::session
