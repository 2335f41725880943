#include "protocol/http/json_object.h"

#include <cstddef>

#include "base/numbers.h"
#include "base/utf8.h"

namespace larder::protocol::http {
namespace {

/// The length of the well-formed character that `text` starts with; 0: there is none.
std::size_t character_size(Bytes text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

void append_json_string(Bytes text, std::string& target) {
  static constexpr Bytes hex = "0123456789abcdef";
  const bool clean = is_utf8(text);
  target += '"';
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t size = 1;
    if (byte == '"' || byte == '\\') {
      target += '\\';
      target += text.front();
    } else if (byte == '\n') {
      target += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      target += "\\u00";
      target += hex[byte >> 4];
      target += hex[byte & 15];
    } else if (byte < 0x80 || clean) {
      target += text.front();
    } else if (size = character_size(text); size == 0) {
      target += "\xEF\xBF\xBD";
      size = 1;
    } else {
      target += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  target += '"';
}

JsonObject& JsonObject::add(Bytes name, Bytes value) {
  std::string quoted;
  append_json_string(value, quoted);
  return add_raw(name, quoted);
}

JsonObject& JsonObject::add(Bytes name, std::uint64_t value) {
  return add_raw(name, IntegerText(value).bytes());
}
JsonObject& JsonObject::add(Bytes name, std::int64_t value) {
  return add_raw(name, IntegerText(value).bytes());
}
JsonObject& JsonObject::add(Bytes name, bool value) { return add_raw(name, value ? "true" : "false"); }
JsonObject& JsonObject::add_null(Bytes name) { return add_raw(name, "null"); }

JsonObject& JsonObject::add_raw(Bytes name, Bytes json) {
  if (text_.size() > 1) text_ += ',';
  append_json_string(name, text_);
  text_ += ':';
  text_ += json;
  return *this;
}

}  // namespace larder::protocol::http
