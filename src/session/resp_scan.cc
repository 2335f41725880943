// The commands that go through a database. Between two steps of theirs other commands change it, as they do
// between two calls of SCAN: keys that are there all the time are shown, others may or may not be. A key is
// not shown twice, for the scan goes in the order of hashes and never back. Whoever may reach some keys only
// is shown no others.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/glob.h"
#include "base/numbers.h"
#include "base/random.h"
#include "session/resp_handlers.h"
#include "session/resp_task.h"

namespace larder::session {
namespace {

// A step asks for this many items at most. In a database that is small among large ones the cache looks at
// more places than it shows items: at so many in a call.
constexpr std::size_t page_item_count = 256;
constexpr std::size_t page_item_count_min = 8;
constexpr std::size_t scan_visit_count(std::size_t item_count) { return 128 + 16 * item_count; }
// Steps of the matcher, after which a step ends in the middle of a key.
constexpr std::size_t match_work_max = 50'000;
constexpr std::size_t match_work_per_key = 16;
// Reading a pattern is one piece of work.
constexpr std::size_t pattern_size_max = std::size_t{1} << 20;

bool accepts_pattern(RespCall& call, Bytes pattern) {
  if (pattern.size() <= pattern_size_max) return true;
  call.reply.error("ERR the pattern is longer than " + std::to_string(pattern_size_max) + " bytes");
  return false;
}

// Keys that one call of scan() has shown, copied: they are matched when no lock is held.
class Page final {
 public:
  void clear() {
    text_.clear();
    ends_.clear();
    next_ = 0;
  }

  cache::Cursor add(RespCall& call, cache::Cursor cursor, std::size_t count) {
    return call.keys.scan(call.state.database, cursor, count, call.now,
                          [&](Bytes key, const cache::ItemView& /*item*/) {
                            if (!call.state.login.may_reach(key)) return;
                            text_.append(key);
                            ends_.push_back(text_.size());
                          });
  }

  // How many keys like these are no more than a step should copy.
  [[nodiscard]] std::size_t next_item_count() const {
    constexpr std::size_t text_size_max = std::size_t{128} << 10;
    if (ends_.empty()) return page_item_count;
    return std::clamp(text_size_max / (text_.size() / ends_.size() + 1), page_item_count_min,
                      page_item_count);
  }

  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] bool is_done() const { return next_ == ends_.size(); }

  // Calls `take` with the keys that match, until they are done or `work` is.
  template <class Take>
  void match(Glob& glob, std::size_t& work, Take take) {
    while (!is_done() && work > 0) {
      const std::size_t start = next_ == 0 ? 0 : ends_[next_ - 1];
      const Bytes key = Bytes(text_).substr(start, ends_[next_] - start);
      if (!std::exchange(is_in_key_, true)) glob.begin(key);
      const std::optional<bool> is_match = glob.go_on(work);
      if (!is_match) return;
      is_in_key_ = false;
      if (*is_match) take(key);
      work -= std::min(work, match_work_per_key);
      ++next_;
    }
  }

  [[nodiscard]] std::size_t held_size() const {
    return text_.capacity() + ends_.capacity() * sizeof(std::size_t);
  }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;  // of each key in text_
  std::size_t next_ = 0;
  bool is_in_key_ = false;  // the matcher has begun with the next one
};

// Bulk strings of a reply whose count is not known yet, in pieces: none is moved because others come, and
// each is sent in a turn of its own.
class Bulks final {
 public:
  void add(Bytes key) {
    constexpr std::size_t piece_size = std::size_t{128} << 10;
    if (pieces_.empty() || pieces_.back().size() >= piece_size) pieces_.emplace_back();
    Output& piece = pieces_.back();
    size_ -= piece.size();
    held_size_ -= piece.capacity();
    protocol::ReplyEncoder(piece, protocol::RespVersion::resp2).bulk(key);
    size_ += piece.size();
    held_size_ += piece.capacity();
    ++count_;
  }

  [[nodiscard]] std::size_t count() const { return count_; }
  // Bytes that it will add to an output.
  [[nodiscard]] std::size_t size() const { return size_; }

  // True: that was the last.
  [[nodiscard]] bool hand_over_piece(Output& output) {
    if (!pieces_.empty()) {
      held_size_ -= pieces_.front().capacity();
      output.append(pieces_.front().pending());
      pieces_.pop_front();
    }
    return pieces_.empty();
  }

  [[nodiscard]] std::size_t held_size() const { return held_size_ + pieces_.size() * sizeof(Output); }

 private:
  std::deque<Output> pieces_;
  std::size_t size_ = 0;       // of all that were added
  std::size_t held_size_ = 0;  // of what they still take
  std::size_t count_ = 0;
};

class KeysTask final : public Task {
 public:
  KeysTask(RespCall& call, Bytes pattern)
      : Task(call.spec), glob_(pattern, call.environment.limits.key_size_max) {}

  bool step(RespCall& call) override {
    if (is_counted_) return keys_.hand_over_piece(call.output);
    if (page_.is_done()) {
      page_.clear();
      cursor_ = page_.add(call, cursor_, item_count_);
      item_count_ = page_.next_item_count();
    }
    std::size_t work = match_work_max;
    page_.match(glob_, work, [this](Bytes key) { keys_.add(key); });
    if (outgrows_output(call, keys_.size())) return true;
    if (!page_.is_done() || cursor_ != 0) return false;
    is_counted_ = true;
    call.reply.array(keys_.count());
    return keys_.hand_over_piece(call.output);
  }

  [[nodiscard]] std::size_t held_size() const override {
    return sizeof *this + glob_.held_size() + page_.held_size() + keys_.held_size();
  }

 private:
  Glob glob_;
  Page page_;
  std::size_t item_count_ = page_item_count_min;  // of the next page
  cache::Cursor cursor_ = 0;
  Bulks keys_;
  bool is_counted_ = false;  // the scan is over, and the reply has begun
};

struct ScanOptions {
  std::size_t count = 10;
  Bytes pattern = "*";
  bool shows_strings = true;  // there is nothing else
};

class ScanTask final : public Task {
 public:
  ScanTask(RespCall& call, cache::Cursor cursor, const ScanOptions& options)
      : Task(call.spec),
        glob_(options.pattern, call.environment.limits.key_size_max),
        shows_strings_(options.shows_strings),
        cursor_(cursor) {
    // A few keys of a large table come in one reply, as they do from a Redis with a small one.
    const std::size_t count = std::min(options.count, page_item_count);
    std::size_t call_count_left = scan_visit_count(page_item_count) / scan_visit_count(count);
    do {
      cursor_ = page_.add(call, cursor_, count - page_.size());
    } while (cursor_ != 0 && page_.size() < count && --call_count_left > 0);
  }

  bool step(RespCall& call) override {
    std::size_t work = match_work_max;
    if (shows_strings_) {
      page_.match(glob_, work, [this](Bytes key) { keys_.add(key); });
      if (!page_.is_done()) return false;
    }
    call.reply.array(2);
    call.reply.bulk(IntegerText(cursor_).bytes());
    call.reply.array(keys_.count());
    while (!keys_.hand_over_piece(call.output)) {
    }
    return true;
  }

  [[nodiscard]] std::size_t held_size() const override {
    return sizeof *this + glob_.held_size() + page_.held_size() + keys_.held_size();
  }

 private:
  Glob glob_;
  bool shows_strings_;
  Page page_;
  cache::Cursor cursor_;  // to go on with
  Bulks keys_;
};

// A key from a random place on: one of the first few there, so that a key behind a wide gap is not drawn much
// more often than others. Where the database ends, once round to its start. Of a handful of keys, any of all.
class RandomKeyTask final : public Task {
 public:
  RandomKeyTask(RespCall& call, std::size_t database_item_count)
      : Task(call.spec), looks_at_all_(database_item_count <= few) {
    if (!looks_at_all_) start_ = cursor_ = call.environment.random.next() % cursor_count;
  }

  bool step(RespCall& call) override {
    SplitMix64& random = call.environment.random;
    cursor_ = call.keys.scan(call.state.database, cursor_, std::exchange(item_count_, page_item_count),
                             call.now, [&](Bytes key, const cache::ItemView& /*item*/) {
                               if (!call.state.login.may_reach(key)) return;
                               if (random.next() % ++shown_count_ == 0) chosen_ = key;
                             });
    const bool is_found = shown_count_ > 0 && !looks_at_all_;
    if (!is_found && !has_gone_round()) {
      has_wrapped_ |= cursor_ == 0;
      return false;
    }
    if (shown_count_ > 0) {
      call.reply.bulk(chosen_);
    } else {
      call.reply.null();
    }
    return true;
  }

  [[nodiscard]] std::size_t held_size() const override { return sizeof *this + chosen_.capacity(); }

 private:
  static constexpr cache::Cursor cursor_count = cache::Cursor{1} << 48;
  static constexpr std::size_t few = 16;

  [[nodiscard]] bool has_gone_round() const {
    const bool is_at_end = cursor_ == 0;
    return has_wrapped_ ? is_at_end || cursor_ > start_ : is_at_end && start_ == 0;
  }

  bool looks_at_all_;
  cache::Cursor start_ = 0;
  cache::Cursor cursor_ = 0;
  bool has_wrapped_ = false;
  std::size_t item_count_ = few;  // of the next step
  std::string chosen_;            // of those shown, each with the same chance
  std::uint64_t shown_count_ = 0;
};

// As strtoul() reads it, which Redis uses: a sign is allowed, nothing at all is 0, and a 0 byte ends it.
std::optional<cache::Cursor> parse_cursor(Bytes text) {
  text = text.substr(0, text.find('\0'));
  if (text.empty()) return 0;
  const bool is_negative = text.front() == '-';
  if (is_negative || text.front() == '+') text.remove_prefix(1);
  const auto number = parse_uint64(text);
  if (!number) return std::nullopt;
  return is_negative ? 0 - *number : *number;
}

// Null: `call` is answered with an error.
std::optional<ScanOptions> read_scan_options(RespCall& call) {
  ScanOptions options;
  const auto words = call.arguments.subspan(2);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size()) {
      call.reply.error(syntax_error);
      return std::nullopt;
    }
    const Bytes value = words[i + 1];
    if (equals_ignoring_case(words[i], "count")) {
      const auto count = parse_int64(value);
      if (!count || *count < 1) {
        call.reply.error(count ? syntax_error : not_an_integer_error);
        return std::nullopt;
      }
      options.count = static_cast<std::size_t>(*count);
    } else if (equals_ignoring_case(words[i], "match")) {
      options.pattern = value;
    } else if (equals_ignoring_case(words[i], "type")) {
      options.shows_strings = equals_ignoring_case(value, "string");
    } else {
      call.reply.error(syntax_error);
      return std::nullopt;
    }
  }
  return options;
}

}  // namespace

void handle_keys(RespCall& call) {
  const Bytes pattern = call.arguments[1];
  if (!accepts_pattern(call, pattern)) return;
  if (call.keys.item_count(call.state.database) == 0) return call.reply.array(0);
  begin_task(call, std::make_unique<KeysTask>(call, pattern));
}

void handle_scan(RespCall& call) {
  const auto cursor = parse_cursor(call.arguments[1]);
  if (!cursor) return call.reply.error("ERR invalid cursor");
  const auto options = read_scan_options(call);
  if (!options || !accepts_pattern(call, options->pattern)) return;
  begin_task(call, std::make_unique<ScanTask>(call, *cursor, *options));
}

void handle_randomkey(RespCall& call) {
  const std::size_t item_count = call.keys.item_count(call.state.database);
  if (item_count == 0) return call.reply.null();
  begin_task(call, std::make_unique<RandomKeyTask>(call, item_count));
}

}  // namespace larder::session
