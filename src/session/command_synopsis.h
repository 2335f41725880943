// session/command_synopsis.h: what a command takes, from one line of the table to what COMMAND DOCS tells.
//
// A row of the command table has a synopsis, in the notation of Redis' documentation with what that leaves
// open: types, names of groups, and since when.
//
//   value                    an argument of that name
//   EX seconds               one behind a word
//   KEEPTTL                  the word alone, a "pure-token"; its name is the word in lower case
//   name=(A | b)             one of these, a "oneof"
//   name=(key value)         all of these, a "block"
//   [value]                  may be left out
//   key...                   as often as wanted
//   [PREFIX prefix]...       as often as wanted, each time with its word
//
// Names have lower case, words have none. Behind a name or a ")" may stand, in this order,
//
//   seconds:integer          its type: integer, double, string, pattern, unix-time, key, or second-key, which
//   is
//                            a key that the second key spec finds. Without one, a name that is a type is of
//                            that type, and all others are strings; "ip:port" is a name, since "port" is no
//                            type
//   key...                   as above
//   GET@6.2.0                the version of Redis that it came with, if later than its command
//   ip:port~2.8.12           the version that advises against it
//
// so that SET is
//
//   key value [condition=(NX | XX)@2.6.12] [GET@6.2.0] [expiration=(EX seconds:integer@2.6.12 | ...)]
//
// Source: Redis 7.0's COMMAND DOCS, whose answers these lines give back byte for byte. Later versions add a
// text to display to each argument; where there is none, their redis-cli shows the name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace larder::session {

/// An argument, with what COMMAND DOCS says of it. What is empty it does not say.
///
/// Ownership  all but the name is borrowed from the synopsis
struct Argument {
  std::string name;
  Bytes type;
  std::optional<int> key_spec_index;  // of a key
  Bytes token;                        // the word before it
  Bytes since;
  Bytes deprecated_since;
  bool is_optional = false;
  bool is_multiple = false;
  bool repeats_token = false;  // each of the many has the word before it
  std::vector<Argument> arguments{};
};

/// The arguments behind the command's name. A synopsis is ours, so a mistake in it is an assertion.
[[nodiscard]] std::vector<Argument> parse_synopsis(Bytes synopsis);

}  // namespace larder::session
