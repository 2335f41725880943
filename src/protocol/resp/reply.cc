#include "protocol/resp/reply.h"

#include <cmath>

namespace larder::protocol {

bool operator==(const Reply& a, const Reply& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Reply::Kind::null:
      return true;
    case Reply::Kind::integer:
      return a.integer == b.integer;
    case Reply::Kind::boolean:
      return a.boolean == b.boolean;
    case Reply::Kind::number:
      return a.number == b.number || (std::isnan(a.number) && std::isnan(b.number));
    case Reply::Kind::verbatim:
      return a.format == b.format && a.text == b.text;
    case Reply::Kind::simple_string:
    case Reply::Kind::error:
    case Reply::Kind::bulk:
    case Reply::Kind::big_number:
      return a.text == b.text;
    case Reply::Kind::array:
    case Reply::Kind::map:
    case Reply::Kind::set:
    case Reply::Kind::push:
      return a.elements == b.elements;
  }
  return false;
}

// Recursion is as deep as the reply, which its decoder bounds.
void encode_reply(const Reply& reply, ReplyEncoder& encoder) {
  switch (reply.kind) {
    case Reply::Kind::null:
      return encoder.null();
    case Reply::Kind::simple_string:
      return encoder.simple_string(reply.text);
    case Reply::Kind::error:
      if (reply.text.find_first_of("\r\n") != std::string::npos) return encoder.bulk_error(reply.text);
      return encoder.error(reply.text);
    case Reply::Kind::integer:
      return encoder.integer(reply.integer);
    case Reply::Kind::bulk:
      return encoder.bulk(reply.text);
    case Reply::Kind::number:
      return encoder.number(reply.number);
    case Reply::Kind::boolean:
      return encoder.boolean(reply.boolean);
    case Reply::Kind::big_number:
      return encoder.big_number(reply.text);
    case Reply::Kind::verbatim:
      return encoder.verbatim(Bytes(reply.format.data(), reply.format.size()), reply.text);
    case Reply::Kind::array:
      encoder.array(reply.elements.size());
      break;
    case Reply::Kind::map:
      encoder.map(reply.elements.size() / 2);
      break;
    case Reply::Kind::set:
      encoder.set(reply.elements.size());
      break;
    case Reply::Kind::push:
      encoder.push(reply.elements.size());
      break;
  }
  for (const Reply& element : reply.elements) encode_reply(element, encoder);
}

}  // namespace larder::protocol
