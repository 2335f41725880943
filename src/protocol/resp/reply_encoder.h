// protocol/resp/reply_encoder.h: replies of RESP, server role, in the version of the protocol that the
// client asked for.
//
//   what            RESP2                    RESP3
//   null            $-1                      _
//   null_array      *-1                      _
//   map of n pairs  *2n                      %n
//   set, push       *n                       ~n, >n
//   number          bulk string              ,1.5
//   boolean         :1 or :0                 #t or #f
//   big_number      bulk string              (123
//   verbatim        bulk string              =7 txt:abc
//   bulk_error      -text                    !4 text
//
// An aggregate is a count; the caller then writes that many replies (twice as many for a map).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/loan.h"
#include "base/output.h"

namespace larder::protocol {

enum class RespVersion : std::uint8_t { resp2 = 2, resp3 = 3 };

/// Writes replies. A value type of two words; make one where it is needed.
///
/// Ownership  borrows the output
/// Errors     none
/// Invariant  a CR or LF in a simple string, an error or a big number leaves as a space: no peer's bytes can
///            start a reply of their own
class ReplyEncoder final {
 public:
  ReplyEncoder(Output& output, RespVersion version) : output_(output), version_(version) {}

  [[nodiscard]] RespVersion version() const { return version_; }

  void simple_string(Bytes text) { line('+', text); }
  void ok() { output_.append("+OK\r\n"); }
  /// `text` starts with its code: "ERR syntax error".
  void error(Bytes text) { line('-', text); }
  void integer(std::int64_t value);
  void bulk(Bytes bytes);
  void bulk(Loan loan);
  void null();
  void null_array();
  void array(std::size_t count) { header('*', count); }
  void map(std::size_t pair_count);
  void set(std::size_t count);
  void push(std::size_t count);
  void number(double value);
  void boolean(bool value);
  void big_number(Bytes digits);
  /// `format` is three bytes: "txt" or "mkd".
  void verbatim(Bytes format, Bytes text);
  void bulk_error(Bytes text);

 private:
  void line(char type, Bytes text);
  void header(char type, std::size_t number);

  Output& output_;
  RespVersion version_;
};

}  // namespace larder::protocol
