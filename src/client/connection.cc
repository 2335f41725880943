#include "client/connection.h"

#include <array>
#include <optional>
#include <poll.h>
#include <string>

#include "base/assert.h"
#include "client/dial.h"

namespace larder::client {
namespace {

/// Read at a time. Replies may be of any size: this is about system calls only.
constexpr std::size_t receive_size = std::size_t{16} << 10;

}  // namespace

Result<void> Connection::exchange(Bytes commands, std::size_t command_count, Deadline deadline,
                                  OnReply on_reply) {
  LARDER_ASSERT(usable_);
  LARDER_ASSERT(command_count > 0);
  usable_ = false;  // until it ends well
  Bytes unsent = commands;
  std::size_t reply_count = 0;
  while (!unsent.empty() || reply_count < command_count) {
    const auto events = static_cast<short>(unsent.empty() ? POLLIN : POLLIN | POLLOUT);
    const auto ready = wait_for(stream_.descriptor(), events, deadline);
    if (!ready) return std::unexpected(ready.error());
    // What the server said before it went is worth reading, so a failed send does not come first.
    if ((*ready & (POLLIN | POLLHUP | POLLERR)) != 0) {
      for (bool has_more = true; has_more;) {
        const auto received = receive_some(reply_count, command_count, on_reply);
        if (!received) return std::unexpected(received.error());
        has_more = *received && stream_.has_pending() && reply_count < command_count && !deadline.passed();
      }
    }
    if ((*ready & POLLOUT) != 0 && !unsent.empty()) {
      const auto sent_size = stream_.send(unsent);
      if (!sent_size) return std::unexpected(sent_size.error());
      unsent.remove_prefix(*sent_size);
    }
    // A peer that drips a byte at a time keeps poll() from ever running out.
    if (deadline.passed() && (!unsent.empty() || reply_count < command_count))
      return failure(ErrorKind::timed_out, "the server did not finish its answer within the time limit");
  }
  LARDER_ASSERT(unread_.empty());  // receive_some() refuses what follows the last reply
  usable_ = true;
  return {};
}

Result<bool> Connection::receive_some(std::size_t& reply_count, std::size_t command_count, OnReply on_reply) {
  std::array<char, receive_size> buffer;
  const auto size = stream_.receive(buffer);
  if (!size) return std::unexpected(size.error());
  if (*size == 0) return false;
  unread_.append(buffer.data(), *size);
  Bytes rest = unread_;
  while (!rest.empty()) {
    // Answers to questions that were not asked mean that the two sides count differently: whose answer the
    // ones before were is then anybody's guess.
    if (reply_count == command_count)
      return failure(ErrorKind::malformed, "the server answered more than it was asked");
    auto decoded = decoder_.next(rest);
    if (!decoded) return std::unexpected(decoded.error());
    rest.remove_prefix(decoder_.consumed());
    std::optional<protocol::Reply>& reply = *decoded;
    if (!reply) break;
    if (auto taken = on_reply(reply_count, *reply); !taken) return std::unexpected(taken.error());
    ++reply_count;
  }
  unread_.erase(0, unread_.size() - rest.size());  // once for all of them, so that many small ones stay cheap
  return true;
}

}  // namespace larder::client
