// tools/bench/request_writer.h: the bytes of requests, made once and then only filled in.
//
//   RESP        *2\r\n$3\r\nGET\r\n$23\r\n.......................\r\n
//   memcached   get .......................\r\n
//                   ^ the key goes here
//
// A load generator that formats every request is soon slower than the server it measures. So a request is
// copied whole from a template, and the keys are written into it. Stores are put together from three pieces,
// for the size of a value may differ from key to key.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tools/bench/workload.h"

namespace larder::tools {

/// Writes requests of one workload.
///
/// Threads    any number may share one
class RequestWriter final {
 public:
  explicit RequestWriter(const Workload& workload);

  /// A read of `ids`, of which there are keys_per_read. Makes no memory but what `target` lacks.
  void append_read(std::span<const std::uint64_t> ids, std::string& target) const;

  /// A store of this key and its value.
  void append_store(std::uint64_t id, std::string& target) const;

 private:
  Workload workload_;
  std::string read_;        // a whole read
  std::size_t first_key_;   // where its first key goes
  std::size_t key_stride_;  // from one key to the next
  std::string store_;       // the start of a store, up to its key and with room for it
  std::string store_tail_;  // what follows the key, up to the size
};

}  // namespace larder::tools
