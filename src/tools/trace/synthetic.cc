#include "tools/trace/synthetic.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/numbers.h"
#include "tools/decimal.h"

namespace larder::tools {
namespace {

constexpr std::uint64_t ids_per_part = 1'000'000'000;
constexpr std::uint64_t object_count_max = 1'000'000'000;
constexpr std::size_t part_count_max = 64;
constexpr std::uint64_t progress_interval = 1U << 16;

constexpr std::array<std::pair<std::string_view, PatternKind>, 3> kinds{
    {{"zipf", PatternKind::zipf}, {"loop", PatternKind::loop}, {"scan", PatternKind::scan}}};

// The text before the first `separator`, which is taken off the front of `text` with it.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return front;
}

std::unexpected<Error> refused(std::string_view part, const std::string& reason) {
  return failure(ErrorKind::malformed, "'" + std::string(part) + "': " + reason);
}

// One `name=value`. Returns what is wrong with it; nothing if nothing is.
std::optional<std::string> set_parameter(Pattern& pattern, std::string_view name, std::string_view value) {
  const bool has_objects = pattern.kind != PatternKind::scan;
  if (name == "n" && has_objects) {
    const std::optional<std::uint64_t> count = parse_uint64(value);
    if (!count || *count < 1 || *count > object_count_max) {
      return "n is a whole number from 1 to " + std::to_string(object_count_max);
    }
    pattern.object_count = *count;
    return std::nullopt;
  }
  if (name == "skew" && pattern.kind == PatternKind::zipf) {
    const std::optional<double> skew = parse_decimal(value);
    if (!skew || *skew < 0 || *skew > Zipf::skew_max) return "skew is a number from 0 to 10";
    pattern.skew = *skew;
    return std::nullopt;
  }
  if (name == "first") {
    const std::optional<std::uint64_t> id = parse_uint64(value);
    if (!id || *id > ids_per_part * ids_per_part) return "first is an id up to 10^18";
    pattern.first_id = *id;
    return std::nullopt;
  }
  return "'" + std::string(name) + "' is nothing that it has";
}

Result<Pattern> parse_pattern(std::string_view text, std::size_t index) {
  std::string_view weight_text = text;
  std::string_view parameters = take_until(weight_text, '*');
  const bool has_weight = parameters.size() < text.size();
  const std::string_view kind_name = take_until(parameters, ':');

  Pattern pattern{.kind = PatternKind::scan, .first_id = index * ids_per_part};
  bool is_known = false;
  for (const auto& [name, kind] : kinds) {
    if (name != kind_name) continue;
    pattern.kind = kind;
    is_known = true;
  }
  if (!is_known) return refused(text, "its kind must be zipf, loop or scan");

  while (!parameters.empty()) {
    std::string_view value = take_until(parameters, ',');
    const std::string_view name = take_until(value, '=');
    if (const auto wrong = set_parameter(pattern, name, value)) return refused(text, *wrong);
  }
  if (pattern.kind != PatternKind::scan && pattern.object_count == 0) {
    return refused(text, "it needs the number of its objects, as in " + std::string(kind_name) + ":n=1000");
  }
  if (has_weight) {
    const std::optional<double> weight = parse_decimal(weight_text);
    if (!weight || *weight < 1e-9 || *weight > 1e9) {
      return refused(text, "the weight behind '*' is a number from 0.000000001 to 1000000000");
    }
    pattern.weight = *weight;
  }
  return pattern;
}

}  // namespace

Result<std::vector<Pattern>> parse_patterns(std::string_view text) {
  std::vector<Pattern> patterns;
  if (text.ends_with('+')) return refused(text, "a part is missing behind the last '+'");
  do {
    if (patterns.size() == part_count_max) {
      return failure(ErrorKind::malformed, "a mix has at most " + std::to_string(part_count_max) + " parts");
    }
    Result<Pattern> pattern = parse_pattern(take_until(text, '+'), patterns.size());
    if (!pattern) return std::unexpected(pattern.error());
    patterns.push_back(*pattern);
  } while (!text.empty());
  return patterns;
}

TraceMaker::TraceMaker(const std::vector<Pattern>& patterns, std::uint64_t seed) : random_(seed) {
  LARDER_ASSERT(!patterns.empty());
  double weight_sum = 0;
  for (const Pattern& pattern : patterns) weight_sum += pattern.weight;
  double weight_end = 0;
  for (const Pattern& pattern : patterns) {
    weight_end += pattern.weight / weight_sum;
    const bool is_zipf = pattern.kind == PatternKind::zipf;
    parts_.push_back({.pattern = pattern,
                      .weight_end = weight_end,
                      .zipf = Zipf(is_zipf ? pattern.object_count : 1, pattern.skew)});
  }
  parts_.back().weight_end = 1;  // whatever the sum was rounded to
}

std::uint64_t TraceMaker::next() {
  std::size_t index = 0;
  if (parts_.size() > 1) {
    const double choice = random_.next_unit();
    while (choice >= parts_[index].weight_end) ++index;
  }
  Part& part = parts_[index];
  const std::uint64_t first = part.pattern.first_id;
  switch (part.pattern.kind) {
    case PatternKind::zipf:
      return first + part.zipf.next(random_) - 1;
    case PatternKind::loop:
      return first + part.position++ % part.pattern.object_count;
    case PatternKind::scan:
      return first + part.position++;
  }
  return first;
}

Trace make_trace(const std::vector<Pattern>& patterns, std::uint64_t seed, std::uint64_t request_count,
                 TraceProgress progress) {
  TraceMaker maker(patterns, seed);
  Trace trace;
  trace.ids.reserve(request_count);
  while (trace.request_count() < request_count) {
    trace.ids.push_back(maker.next());
    if (trace.request_count() % progress_interval == 0) progress(trace.request_count());
  }
  return trace;
}

}  // namespace larder::tools
