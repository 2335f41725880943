// protocol/http/json_object.h: one flat JSON object, written member by member.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace larder::protocol::http {

/// Appends `text` in quotes, escaped as RFC 8259 demands. Bytes that are not UTF-8 become U+FFFD, so that the
/// result is always JSON.
void append_json_string(Bytes text, std::string& target);

/// Writes `{"name":value,...}` in the order of the calls.
class JsonObject final {
 public:
  JsonObject& add(Bytes name, Bytes value);
  JsonObject& add(Bytes name, const char* value) { return add(name, Bytes(value)); }
  JsonObject& add(Bytes name, std::uint64_t value);
  JsonObject& add(Bytes name, std::int64_t value);
  JsonObject& add(Bytes name, bool value);
  JsonObject& add_null(Bytes name);
  /// `json` is a JSON value already.
  JsonObject& add_raw(Bytes name, Bytes json);

  /// The whole object.
  [[nodiscard]] std::string text() const { return text_ + '}'; }

 private:
  std::string text_ = "{";
};

}  // namespace larder::protocol::http
