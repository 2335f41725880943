// Property: the same messages and answers however the bytes are cut, and no message larger than the limit.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/utf8.h"
#include "protocol/websocket/frame_codec.h"

namespace {

using larder::Bytes;
using larder::Output;
using larder::protocol::websocket::FrameCodec;
using larder::protocol::websocket::Message;
using larder::protocol::websocket::MessageKind;

constexpr std::size_t message_size_max = 300;

void demand(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

/// Reads `bytes` in pieces and writes down all that came of it.
std::string read(Bytes bytes, std::size_t piece_size) {
  FrameCodec codec({.text_size_max = message_size_max, .binary_size_max = message_size_max});
  Output output;
  std::string log;
  while (!bytes.empty()) {
    Bytes piece = bytes.substr(0, piece_size);
    bytes.remove_prefix(piece.size());
    while (const std::optional<Message> message = codec.next(piece, output)) {
      demand(message->payload.size() <= message_size_max, "the message limit");
      demand(message->kind == MessageKind::binary || larder::is_utf8(message->payload),
             "text that is not UTF-8");
      log += message->kind == MessageKind::text ? 't' : 'b';
      log += message->payload + ';';
    }
    demand(piece.empty() || codec.closed() || output.full(), "input left over");
    if (output.full()) output.clear();
  }
  log += output.pending();
  log += codec.closed() ? 'c' : 'o';
  log += codec.failed() ? 'f' : 'g';
  return log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = read(bytes, size + 1);
  demand(read(bytes, 1) == whole, "byte by byte differs from whole");
  demand(read(bytes, 5) == whole, "pieces of five differ from whole");
  return 0;
}
