// protocol/websocket/json_message.h: the JSON requests and replies of text messages.
//
//   {"id":1,"get":"k"}                          {"id":1,"value":"v"}  or  {"id":1,"value":null}
//   {"id":2,"set":"k","value":"v","ttl":5}      {"id":2,"ok":true}
//   {"id":3,"delete":"k"}                       {"id":3,"ok":true}
//   {"id":0,"auth":["user","password"]}         {"id":0,"ok":true}
//   anything else                               {"id":9,"error":"..."}
//
// One flat object a message, members in any order, each at most once. `id` is any number or string, echoed
// digit for digit; without one, or when the message is not JSON, the error says `"id":null`. `ttl` is seconds
// above 0, fractions allowed (seconds.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"

namespace larder::protocol::websocket {

enum class JsonVerb : std::uint8_t { get, set, remove, auth };

struct JsonRequest {
  std::string id = "null";  // as JSON text
  std::string error{};      // not empty: a sentence for the error reply, and nothing below counts
  JsonVerb verb = JsonVerb::get;
  std::string key{};    // with auth: the user
  std::string value{};  // with set; with auth: the password
  std::optional<Duration> ttl{};
};

/// Never throws and never fails otherwise: what is wrong stands in `error`. Memory: what the strings in
/// `text` take, and no more for any nesting; a copy of `text` in passing if it holds a number beyond a
/// double.
[[nodiscard]] JsonRequest parse_json_request(Bytes text);

/// The replies. `id` is JSON text, `value` UTF-8, `sentence` ours.
[[nodiscard]] std::string json_value_reply(Bytes id, std::optional<Bytes> value);
[[nodiscard]] std::string json_ok_reply(Bytes id);
[[nodiscard]] std::string json_error_reply(Bytes id, Bytes sentence);

}  // namespace larder::protocol::websocket
