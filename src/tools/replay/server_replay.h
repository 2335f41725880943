// tools/replay/server_replay.h: a trace against a running server, as a look-aside client does it.
//
//   batch of 16 requests  ->  one pipeline of GETs, an id that comes twice asked once
//                         ->  one pipeline of SETs, of the ids that were missing
//
// A value carries its key (trace/value_size.h), so every hit is checked byte for byte: a cache may forget,
// but never answer with anything else.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/function_ref.h"
#include "base/result.h"
#include "larder/client.h"
#include "tools/replay/value_rule.h"

namespace larder::tools {

/// Requests of one batch.
inline constexpr std::size_t replay_batch_count = 16;

struct ServerReplay {
  std::uint64_t request_count = 0;
  std::uint64_t miss_count = 0;
  std::uint64_t wrong_count = 0;    // hits with other bytes than were stored; they count as hits
  std::uint64_t refused_count = 0;  // SETs that the server answered with an error: too large, most likely
  std::string first_refusal;        // its text, with the key
};

/// Replays `ids` through `client`. `progress` is told how many requests are done. Errors: those of the
/// client, a GET that the server refuses among them, with the number of requests done.
[[nodiscard]] Result<ServerReplay> replay_on_server(Client& client, std::span<const std::uint64_t> ids,
                                                    const ObjectSizes& sizes,
                                                    FunctionRef<void(std::uint64_t)> progress);

}  // namespace larder::tools
