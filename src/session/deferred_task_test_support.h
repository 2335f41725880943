// session/deferred_task_test_support.h: a command that takes several turns, and what others do between two of
// them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "base/sizes.h"
#include "protocol/resp/command_encoder.h"
#include "session/resp_test_support.h"

namespace larder::session {

inline constexpr std::size_t piece_size = std::size_t{64} << 10;
inline const std::string one = ":1\r\n";
inline const std::string zero = ":0\r\n";

/// One connection, a turn at a time, and another one beside it.
class TurnByTurn : public testing::Test {
 protected:
  // The first turn of a command. False: that was all of it.
  bool begin(const std::vector<Bytes>& words) {
    std::string command;
    protocol::append_command(command, words);
    return turn(command);
  }
  // In pieces, of which the cache has a draft.
  bool begin_as_from_a_socket(const std::vector<Bytes>& words) {
    std::string command;
    protocol::append_command(command, words);
    std::string input;
    for (std::size_t offset = 0; offset < command.size(); offset += piece_size) {
      input += command.substr(offset, piece_size);
      const bool is_unfinished = turn(input);
      input.erase(0, wait_.consumed);
      if (offset + piece_size >= command.size()) return is_unfinished;
    }
    return false;
  }
  bool turn(Bytes input = {}) {
    const std::uint64_t used = memory_used();
    Output output;
    wait_ = connection_.session.advance(input, world_.now, output);
    replies_ += output.text();
    ++turn_count_;
    growth_max_ = std::max(growth_max_, memory_used() - std::min(used, memory_used()));
    return wait_.wait == Wait::output && replies_.empty();
  }
  std::string finish() {
    while (turn()) {
    }
    return std::exchange(replies_, {});
  }
  std::string run(const std::vector<Bytes>& words) {
    begin(words);
    return finish();
  }
  std::string value_of(Bytes key, cache::Database database = 0) {
    std::string value = "none";
    world_.cache->peek(database, key, world_.now, [&](const cache::ItemView& item) { value = item.value; });
    return value;
  }
  const char* place_of(Bytes key, cache::Database database = 0) {
    const char* place = nullptr;
    world_.cache->peek(database, key, world_.now,
                       [&](const cache::ItemView& item) { place = item.value.data(); });
    return place;
  }
  std::uint64_t memory_used() { return world_.cache->stats().memory_used; }
  void tidy() {
    while (world_.cache->sweep(world_.now, 1000)) {
    }
  }

  World world_{64 * mib, "segment"};
  RespConnection connection_{world_, 7};
  RespConnection other_{world_, 8};
  std::string a_ = std::string(3 * mib, 'a') + "end of a";
  std::string b_ = std::string(2 * mib, 'b') + "end of b";
  std::string replies_;
  Progress wait_;
  int turn_count_ = 0;
  std::uint64_t growth_max_ = 0;
};

}  // namespace larder::session
