#include "protocol/websocket/json_message.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "protocol/http/json_object.h"
#include "protocol/http/seconds.h"

namespace larder::protocol::websocket {
namespace {

using nlohmann::json;

// A request has no use for nesting; some is read through so that the answer can name the id.
constexpr std::size_t depth_max = 32;

/// Takes the parser's events. No tree is built: an array of a million zeros costs nothing.
///
/// The first thing that is wrong with the shape is kept in request.error while reading goes on, because the
/// id may still come. False stops the parser.
class RequestReader final : public nlohmann::json_sax<json> {
 public:
  JsonRequest request;
  bool valid = true;                      // JSON so far
  bool number_too_large = false;          // JSON, but with a number that no double holds
  std::optional<std::size_t> id_index{};  // which member of the object is the id

  /// What only the whole object can tell.
  void finish() {
    if (!object_seen_) return complain("The message is not a JSON object.");
    if (!id_index.has_value() && !id_seen_) complain("The message has no id.");
    if (verb_count_ == 0) complain("The message has none of get, set, delete and auth.");
    if (verb_count_ > 1) complain("The message has more than one of get, set, delete and auth.");
    if (request.verb == JsonVerb::set && !value_seen_) complain("A set needs a value.");
    if (request.verb != JsonVerb::set && value_seen_) complain("Only a set takes a value.");
    if (request.verb != JsonVerb::set && ttl_seen_) complain("Only a set takes a ttl.");
  }

  bool null() override { return scalar(Kind::other, 0, nullptr); }
  bool boolean(bool /*value*/) override { return scalar(Kind::other, 0, nullptr); }
  bool number_integer(number_integer_t value) override {
    return scalar(Kind::number, static_cast<double>(value), nullptr);
  }
  bool number_unsigned(number_unsigned_t value) override {
    return scalar(Kind::number, static_cast<double>(value), nullptr);
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    return scalar(Kind::number, value, nullptr);
  }
  bool string(string_t& value) override { return scalar(Kind::string, 0, &value); }
  bool binary(binary_t& /*value*/) override { return false; }  // JSON has none

  bool start_object(std::size_t /*size*/) override {
    if (depth_ == 0) object_seen_ = true;
    return open();
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*size*/) override {
    if (depth_ != 1 || !object_seen_ || member_ != Member::auth) return open();
    ++verb_count_;
    request.verb = JsonVerb::auth;
    is_in_auth_ = true;
    auth_size_ = 0;
    ++depth_;
    return true;
  }
  bool end_array() override {
    if (depth_ == 2 && std::exchange(is_in_auth_, false) && auth_size_ != 2) complain(auth_sentence);
    return close();
  }

  bool key(string_t& name) override {
    if (depth_ != 1) return true;
    ++member_count_;
    member_ = member_of(name);
    return true;
  }

  bool parse_error(std::size_t /*offset*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    constexpr int number_overflow = 406;  // of nlohmann, json.exception.out_of_range.406
    number_too_large = error.id == number_overflow;
    valid = false;
    return false;
  }

 private:
  enum class Kind : std::uint8_t { string, number, other };
  enum class Member : std::uint8_t { id, get, set, remove, auth, value, ttl, unknown };
  static constexpr const char* auth_sentence = "The auth is no list of a user and a password.";

  static Member member_of(Bytes name) {
    if (name == "id") return Member::id;
    if (name == "get") return Member::get;
    if (name == "set") return Member::set;
    if (name == "delete") return Member::remove;
    if (name == "auth") return Member::auth;
    if (name == "value") return Member::value;
    if (name == "ttl") return Member::ttl;
    return Member::unknown;
  }

  void complain(const char* sentence) {
    if (request.error.empty()) request.error = sentence;
  }

  bool open() {
    if (depth_ == 1 && object_seen_) take(Kind::other, 0, nullptr);
    if (is_in_auth_) complain(auth_sentence);
    if (depth_ == depth_max) {
      request.error = "The message is nested too deeply.";
      return false;
    }
    ++depth_;
    return true;
  }

  bool close() {
    --depth_;
    return true;
  }

  bool scalar(Kind kind, double number, string_t* text) {
    if (depth_ == 1 && object_seen_) {
      take(kind, number, text);
    } else if (depth_ == 2 && is_in_auth_) {
      take_credential(kind, text);
    }
    return true;
  }

  /// The value of member_.
  void take(Kind kind, double number, string_t* text) {
    switch (member_) {
      case Member::id:
        if (std::exchange(id_seen_, true)) {
          id_index.reset();  // which of them would it be?
          complain("The message has more than one id.");
        } else if (kind == Kind::other) {
          complain("The id is neither a number nor a string.");
        } else {
          id_index = member_count_ - 1;
        }
        return;
      case Member::get:
        return take_verb(JsonVerb::get, kind, text);
      case Member::set:
        return take_verb(JsonVerb::set, kind, text);
      case Member::remove:
        return take_verb(JsonVerb::remove, kind, text);
      case Member::auth:
        ++verb_count_;
        return complain(auth_sentence);
      case Member::value:
        if (std::exchange(value_seen_, true)) return complain("The message has more than one value.");
        if (kind != Kind::string) return complain("The value is not a string.");
        request.value = std::move(*text);
        return;
      case Member::ttl:
        if (std::exchange(ttl_seen_, true)) return complain("The message has more than one ttl.");
        if (kind != Kind::number) return complain("The ttl is not a number of seconds.");
        if (const auto ttl = http::seconds_from_number(number)) {
          request.ttl = *ttl;
        } else {
          complain(ttl.error().message.c_str());
        }
        return;
      case Member::unknown:
        return complain("The message has a member that is not known here.");
    }
  }

  void take_credential(Kind kind, string_t* text) {
    if (kind != Kind::string || ++auth_size_ > 2) return complain(auth_sentence);
    (auth_size_ == 1 ? request.key : request.value) = std::move(*text);
  }

  void take_verb(JsonVerb verb, Kind kind, string_t* text) {
    ++verb_count_;
    request.verb = verb;
    if (kind != Kind::string) return complain("The key is not a string.");
    request.key = std::move(*text);
  }

  std::size_t depth_ = 0;
  std::size_t member_count_ = 0;
  Member member_ = Member::unknown;
  int verb_count_ = 0;
  bool is_in_auth_ = false;
  std::size_t auth_size_ = 0;
  bool object_seen_ = false;
  bool id_seen_ = false;
  bool value_seen_ = false;
  bool ttl_seen_ = false;
};

/// The text of member `index` of the object that `text` is. The parser does not say where a value stood, and
/// has made 1 of 1.0; `text` is known to be JSON, so that finding commas and brackets outside of strings is
/// enough.
Bytes member_text(Bytes text, std::size_t index) {
  std::size_t depth = 0;
  std::size_t member = 0;
  std::size_t value_offset = 0;
  bool in_string = false;
  for (std::size_t offset = 0; offset < text.size(); ++offset) {
    const char c = text[offset];
    if (in_string) {
      if (c == '\\') ++offset;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if (depth == 1 && c == ':') value_offset = offset + 1;
    if (depth == 1 && (c == ',' || c == '}')) {
      if (member == index) {
        const Bytes value = text.substr(value_offset, offset - value_offset);
        const auto first = value.find_first_not_of(" \t\r\n");
        return value.substr(first, value.find_last_not_of(" \t\r\n") - first + 1);
      }
      ++member;
    }
    if (c == '}' || c == ']') --depth;
  }
  return "null";
}

/// True if all of `text` is a number as RFC 8259, section 6, has them.
bool is_json_number(Bytes text) {
  const auto skip_digits = [&text] {
    const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(size);
    return size;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const std::size_t whole_size = skip_digits();
  if (whole_size == 0 || (leading_zero && whole_size > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (skip_digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (skip_digits() == 0) return false;
  }
  return text.empty();
}

/// `text` with 9e99, beyond anything a request means, in place of each number that no double holds. What is
/// no JSON stays so.
std::string with_bounded_numbers(Bytes text) {
  std::string bounded;
  bounded.reserve(text.size());
  bool in_string = false;
  while (!text.empty()) {
    const std::size_t number_size =
        in_string ? 0 : std::min(text.find_first_not_of("0123456789+-.eE"), text.size());
    if (number_size > 0) {
      const std::string number(text.substr(0, number_size));
      if (is_json_number(number) && std::isinf(std::strtod(number.c_str(), nullptr))) {
        bounded += number.starts_with('-') ? "-9e99" : "9e99";
      } else {
        bounded += number;
      }
      text.remove_prefix(number_size);
      continue;
    }
    const std::size_t size = in_string && text.front() == '\\' ? std::min<std::size_t>(2, text.size()) : 1;
    if (text.front() == '"') in_string = !in_string;
    bounded += text.substr(0, size);
    text.remove_prefix(size);
  }
  return bounded;
}

}  // namespace

JsonRequest parse_json_request(Bytes text) {
  RequestReader reader;
  bool whole = false;
  try {
    whole = json::sax_parse(text.begin(), text.end(), &reader);
    // JSON bounds no number, nlohmann does; and an id is any number.
    if (!whole && reader.number_too_large) {
      reader = RequestReader();
      const std::string bounded = with_bounded_numbers(text);
      whole = json::sax_parse(bounded.begin(), bounded.end(), &reader);
    }
  } catch (const std::exception&) {  // no memory
    reader.request.error = "The message could not be read.";
    return reader.request;
  }
  if (!whole) {
    if (!reader.valid || reader.request.error.empty())
      reader.request.error = "The message is not valid JSON.";
    return reader.request;
  }
  reader.finish();
  if (reader.id_index.has_value()) reader.request.id = member_text(text, *reader.id_index);
  return std::move(reader.request);
}

std::string json_value_reply(Bytes id, std::optional<Bytes> value) {
  http::JsonObject reply;
  reply.add_raw("id", id);
  return value.has_value() ? reply.add("value", *value).text() : reply.add_null("value").text();
}

std::string json_ok_reply(Bytes id) { return http::JsonObject().add_raw("id", id).add("ok", true).text(); }

std::string json_error_reply(Bytes id, Bytes sentence) {
  return http::JsonObject().add_raw("id", id).add("error", sentence).text();
}

}  // namespace larder::protocol::websocket
