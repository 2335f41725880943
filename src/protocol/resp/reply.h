// protocol/resp/reply.h: one reply of RESP2 or RESP3 as a value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/resp/reply_encoder.h"

namespace larder::protocol {

/// A reply and, for an aggregate, the replies in it. Which members count depends on the kind.
struct Reply {
  enum class Kind : std::uint8_t {
    null,           // $-1, *-1 and _ alike
    simple_string,  // text
    error,          // text; of both forms, - and !
    integer,        // integer
    bulk,           // text
    number,         // number
    boolean,        // boolean
    big_number,     // text: a sign perhaps, and digits
    verbatim,       // text, format
    array,          // elements
    map,            // elements: key, value, key, value, ...
    set,            // elements
    push,           // elements; comes unasked, between the replies
  };

  Kind kind = Kind::null;
  bool boolean = false;
  std::array<char, 3> format{};
  std::int64_t integer = 0;
  double number = 0;
  std::string text;
  std::vector<Reply> elements;

  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_error() const { return kind == Kind::error; }
};

/// The same in every member that counts; a number that is not a number equals itself.
[[nodiscard]] bool operator==(const Reply& a, const Reply& b);

/// Writes `reply` as `encoder`'s version of the protocol has it. An error with a line end in it leaves as a
/// bulk error where there is one.
void encode_reply(const Reply& reply, ReplyEncoder& encoder);

}  // namespace larder::protocol
