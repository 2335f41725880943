// Property: no text throws or breaks the reader, and every reply to it, its id echoed, is read back as JSON.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/utf8.h"
#include "protocol/websocket/json_message.h"

namespace {

using larder::Bytes;
namespace websocket = larder::protocol::websocket;

void demand(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes text(reinterpret_cast<const char*>(data), size);
  const websocket::JsonRequest request = websocket::parse_json_request(text);
  // An error reply is no request, but it is JSON whose id can be read: reading it back must say so.
  const websocket::JsonRequest echoed =
      websocket::parse_json_request(websocket::json_error_reply(request.id, request.error));
  demand(echoed.error != "The message is not valid JSON.", "the reply is not JSON");
  demand(echoed.id == request.id, "the id changed on its way");
  if (!request.error.empty()) return 0;
  demand(request.id != "null", "a request without an id");
  demand(larder::is_utf8(request.key) && larder::is_utf8(request.value), "text that is not UTF-8");
  demand(!request.ttl || request.ttl->count() > 0, "a ttl of nothing");
  const websocket::JsonRequest value =
      websocket::parse_json_request("{\"id\":" + request.id + ",\"set\":\"k\",\"value\":\"v\"}");
  demand(value.error.empty() && value.id == request.id, "an id that cannot be used again");
  return 0;
}
