#include "tools/bench/request_writer.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/numbers.h"
#include "protocol/resp/command_encoder.h"
#include "tools/trace/value_size.h"

namespace larder::tools {
namespace {

constexpr Bytes line_end = "\r\n";

const std::string& no_key() {
  static const std::string key(object_key_size, '.');
  return key;
}

std::string resp_read(std::uint32_t key_count) {
  std::string read;
  protocol::begin_command(read, key_count + 1);
  protocol::append_argument(read, key_count == 1 ? "GET" : "MGET");
  for (std::uint32_t i = 0; i < key_count; ++i) protocol::append_argument(read, no_key());
  return read;
}

std::string memcached_read(std::uint32_t key_count) {
  std::string read = "get";
  for (std::uint32_t i = 0; i < key_count; ++i) read += " " + no_key();
  return read.append(line_end);
}

std::string resp_store() {
  std::string store;
  protocol::begin_command(store, 3);
  protocol::append_argument(store, "SET");
  protocol::append_argument(store, no_key());
  store.resize(store.size() - line_end.size());
  return store;
}

}  // namespace

RequestWriter::RequestWriter(const Workload& workload) : workload_(workload) {
  LARDER_ASSERT(workload.keys_per_read >= 1);
  const bool is_resp = workload.protocol == BenchProtocol::resp;
  read_ = is_resp ? resp_read(workload.keys_per_read) : memcached_read(workload.keys_per_read);
  first_key_ = read_.find(no_key());
  const std::size_t second_key = read_.find(no_key(), first_key_ + object_key_size);
  key_stride_ = second_key == std::string::npos ? 0 : second_key - first_key_;
  store_ = is_resp ? resp_store() : "set " + no_key();
  store_tail_ = is_resp ? "\r\n$" : " 0 0 ";
}

void RequestWriter::append_read(std::span<const std::uint64_t> ids, std::string& target) const {
  LARDER_ASSERT(ids.size() == workload_.keys_per_read);
  std::size_t place = target.size() + first_key_;
  target += read_;
  for (const std::uint64_t id : ids) {
    write_object_key(id, target.data() + place);
    place += key_stride_;
  }
}

void RequestWriter::append_store(std::uint64_t id, std::string& target) const {
  target += store_;
  const std::uint64_t size = value_size_of(workload_, id);
  char key[object_key_size];
  write_object_key(id, key);
  target.replace(target.size() - sizeof key, sizeof key, key, sizeof key);
  target += store_tail_;
  target += IntegerText(size).bytes();
  target += line_end;
  append_object_value(Bytes(key, sizeof key), size, target);
  target += line_end;
}

}  // namespace larder::tools
