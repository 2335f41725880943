#include "client/resolver.h"

#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <system_error>
#include <thread>
#include <utility>

#include "base/unix_address.h"

namespace larder::client {
namespace {

Result<std::vector<Address>> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (problem != 0)
    return failure(ErrorKind::disconnected, "cannot look up " + host + ": " + ::gai_strerror(problem));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Address address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    addresses.push_back(address);
  }
  return addresses;
}

Address address_of_path(const std::string& path) {
  const sockaddr_un path_address = unix_address(path);
  Address address{.size = sizeof path_address};
  std::memcpy(&address.storage, &path_address, sizeof path_address);
  return address;
}

}  // namespace

struct Resolver::State {
  Lookup lookup;
  std::mutex mutex;
  std::condition_variable finished;
  bool running = false;  // a lookup is under way
  std::uint64_t finished_count = 0;
  Result<std::vector<Address>> last;  // what the last finished lookup found
};

Resolver::Resolver(const Endpoint& server)
    : Resolver([host = server.host, port = server.port] { return look_up(host, port, 0); }) {
  if (server.is_unix()) {
    literal_ = {address_of_path(server.path)};
  } else if (auto literal = look_up(server.host, server.port, AI_NUMERICHOST)) {
    literal_ = *std::move(literal);
  }
}

Resolver::Resolver(Lookup lookup) : state_(std::make_shared<State>()) { state_->lookup = std::move(lookup); }

Result<std::vector<Address>> Resolver::resolve(Deadline deadline) {
  if (!literal_.empty()) return literal_;

  std::unique_lock lock(state_->mutex);
  if (!state_->running) {
    try {
      // Detached: nobody can wait for it, neither a caller with a deadline nor a destructor.
      std::thread([state = state_] {
        Result<std::vector<Address>> found;
        try {
          found = state->lookup();
        } catch (...) {  // no memory, most likely: the text is one that needs none
          found = failure(ErrorKind::overloaded, "no memory");
        }
        const std::lock_guard guard(state->mutex);
        state->last = std::move(found);
        state->running = false;
        ++state->finished_count;
        state->finished.notify_all();
      }).detach();
      state_->running = true;
    } catch (const std::system_error&) {
      return failure(ErrorKind::overloaded, "no thread to look up the host with");
    }
  }
  const std::uint64_t finished_before = state_->finished_count;
  const bool finished = state_->finished.wait_until(
      lock, deadline.time(), [&] { return state_->finished_count != finished_before; });
  if (!finished) return failure(ErrorKind::timed_out, "looking up the host took too long");
  return state_->last;
}

}  // namespace larder::client
