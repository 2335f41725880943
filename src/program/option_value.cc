#include "program/option_value.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/assert.h"
#include "base/numbers.h"
#include "program/size_text.h"

namespace larder::program {
namespace {

std::string number_text(OptionKind kind, std::uint64_t number) {
  switch (kind) {
    case OptionKind::size:
      return size_text(number);
    case OptionKind::duration:
      return duration_text(Duration{static_cast<std::int64_t>(number)});
    default:
      return std::to_string(number);
  }
}

Result<std::uint64_t> in_range(const OptionRow& row, std::uint64_t number) {
  if (number < row.min) {
    return failure(ErrorKind::malformed, "'" + number_text(row.kind, number) +
                                             "' is too small: the smallest is " +
                                             number_text(row.kind, row.min));
  }
  if (number > row.max) {
    return failure(ErrorKind::malformed, "'" + number_text(row.kind, number) +
                                             "' is too large: the largest is " +
                                             number_text(row.kind, row.max));
  }
  return number;
}

// What may stand for a number; empty: nothing.
std::string_view word_of(OptionKind kind) {
  if (kind == OptionKind::count_or_auto) return "auto";
  return kind == OptionKind::count_or_none ? "-1" : "";
}

Result<std::uint64_t> parse_count(OptionKind kind, const std::string& text) {
  const std::optional<std::uint64_t> number = parse_uint64(text);
  if (number) return *number;
  const std::string_view word = word_of(kind);
  return failure(ErrorKind::malformed,
                 "'" + text + "' is not a whole number" + (word.empty() ? "" : " or " + std::string(word)));
}

Result<std::uint64_t> parse_toggle(const std::string& text) {
  for (const Bytes word : {"true", "1", "yes", "on"}) {
    if (equals_ignoring_case(text, word)) return 1;
  }
  for (const Bytes word : {"false", "0", "no", "off"}) {
    if (equals_ignoring_case(text, word)) return 0;
  }
  return failure(ErrorKind::malformed, "'" + text + "' is neither true nor false");
}

std::string listed(std::span<const std::string_view> words, std::string_view suffix) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " or " : ", ";
    list += std::string(words[i]) + std::string(suffix);
  }
  return list;
}

Result<Endpoint> parse_listed_endpoint(const OptionRow& row, const std::string& text) {
  Result<Endpoint> endpoint = parse_endpoint(text);
  if (endpoint && std::ranges::find(row.choices, endpoint->scheme_and_tls()) == row.choices.end()) {
    return failure(
        ErrorKind::malformed,
        "'" + without_login(text) + "' cannot be served: its scheme must be " + listed(row.choices, "://"));
  }
  return endpoint;
}

Result<std::uint64_t> parse_number(const OptionRow& row, const std::string& text) {
  if (row.kind == OptionKind::size) return parse_size(text);
  if (row.kind == OptionKind::toggle) return parse_toggle(text);
  if (row.kind != OptionKind::duration) return parse_count(row.kind, text);
  const Result<Duration> duration = parse_duration(text);
  if (!duration) return std::unexpected(duration.error());
  return static_cast<std::uint64_t>(duration->count());
}

// Fills the members that the row's kind is about from one text; a list calls it for each.
Result<void> fill(OptionValue& value, const OptionRow& row, const std::string& text) {
  switch (row.kind) {
    case OptionKind::count_or_auto:
    case OptionKind::count_or_none:
      if (text == word_of(row.kind)) {
        value.is_word = true;
        return {};
      }
      [[fallthrough]];
    case OptionKind::size:
    case OptionKind::duration:
    case OptionKind::count:
    case OptionKind::toggle: {
      Result<std::uint64_t> number = parse_number(row, text);
      if (number) number = in_range(row, *number);
      if (!number) return std::unexpected(number.error());
      value.number = *number;
      return {};
    }
    case OptionKind::endpoint:
    case OptionKind::endpoint_list: {
      Result<Endpoint> endpoint = parse_listed_endpoint(row, text);
      if (!endpoint) return std::unexpected(endpoint.error());
      value.endpoints.push_back(*std::move(endpoint));
      break;
    }
    case OptionKind::choice:
      if (std::ranges::find(row.choices, text) == row.choices.end()) {
        return failure(ErrorKind::malformed,
                       "'" + text + "' is not known: choose " + listed(row.choices, ""));
      }
      break;
    case OptionKind::text:
    case OptionKind::text_list:
      break;
  }
  value.texts.push_back(text);
  return {};
}

}  // namespace

Result<OptionValue> parse_option_value(const OptionRow& row, std::span<const std::string> texts,
                                       const std::string& origin, OptionSource source) {
  LARDER_ASSERT(is_list(row.kind) || !texts.empty());
  OptionValue value;
  value.origin = origin;
  value.source = source;
  if (is_list(row.kind) && texts.size() < row.min) {
    return failure(ErrorKind::malformed, origin + ": at least one is needed");
  }
  for (const std::string& text : is_list(row.kind) ? texts : texts.last(1)) {
    if (const Result<void> filled = fill(value, row, text); !filled) {
      return failure(ErrorKind::malformed, origin + ": " + filled.error().message);
    }
  }
  return value;
}

std::vector<std::string> option_texts(const OptionRow& row, std::string_view text) {
  if (!is_list(row.kind)) return {std::string(text)};
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    std::string_view part = text.substr(start, end - start);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    start = end + 1;
  }
  return parts;
}

OptionValue default_option_value(const OptionRow& row) {
  const std::string origin = "--" + std::string(row.flag);
  if (row.default_text.empty()) {
    OptionValue empty;
    empty.origin = origin;
    return empty;
  }
  Result<OptionValue> value =
      parse_option_value(row, option_texts(row, row.default_text), origin, OptionSource::table);
  LARDER_ASSERT(value.has_value());
  return *std::move(value);
}

}  // namespace larder::program
