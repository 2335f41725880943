// larder/client.h: the client library.
//
//   auto client = larder::make_client({.address = "resp://127.0.0.1:6379"});
//   if (!client) return complain(client.error().message);
//   client->set("jack", "11", 30s);
//   auto value = client->get("jack");             // Result<std::optional<std::string>>
//   if (!value) complain(value.error().message);  // an Error: no answer
//   else if (!*value) ...                         // an answer: there is no such key
//
// It speaks RESP2 to a larder-server (or to anything that speaks RESP2), so any byte may stand in keys and
// values. Connections are made when they are needed, kept in a pool and thrown away after any failure: a
// server that went away and came back is found again by the next call.
//
// What an error means to a caller (see base/result.h):
//   disconnected  no connection, or it ended before the answer: nothing, or a write, may have happened
//   timed_out     a time limit passed: nothing, or a write, may have happened
//   overloaded    every pooled connection stayed busy, or the server has no memory or is loading: try later
//   refused       the server understood and said no; the message is its own text
//   denied        one side does not let in or believe the other: "the login was refused: ...", or what is
//   wrong
//                 with a certificate. Trying again does not help. After a refused login no connection logs
//                 in for a second, and calls that need a new one get the same answer
//   unsupported   the server speaks no TLS of 1.2 and above
//   malformed     what came back was not TLS, not RESP, or not the answer to the question; the connection is
//   dropped too_large     a reply beyond reply_size_max, of more than 2^20 elements (so a get_many of more
//   keys never
//                 succeeds), or with a line (a status, an error, a number) over 64 KiB; the connection is
//                 dropped
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace larder {
namespace client {
enum class CommandKind : std::uint8_t;
}

/// How to reach a server, and what a call may cost at most.
struct ClientOptions {
  // The host may be a name; or resp+tls://host:port; or resp+unix:///path. A login may stand in it,
  // resp://user:password@host:port, with %40 for @ and so on, instead of below.
  std::string address = "resp://127.0.0.1:6379";
  Duration connect_timeout{1000};  // to look up the host and connect, within call_timeout
  Duration call_timeout{1000};     // a whole call: waiting for a connection, sending, every read, a retry
  std::size_t connection_count_max = 16;  // open at once; a call beyond waits for one, within its time limit
  std::size_t reply_size_max = std::size_t{512} << 20;  // bytes of one reply, a multi-get's being one

  // AUTH is the first command of every connection if one of these is given. No error holds the password.
  std::string user{};  // empty: the default user
  std::string password{};

  // Of resp+tls://, TLS 1.2 and 1.3. The server's certificate has to be for the host of the address.
  std::string tls_ca{};           // PEM file: who may have signed it; empty: the system's CAs
  std::string tls_certificate{};  // PEM file: the client's own, with its chain, for servers that ask for one
  std::string tls_key{};          // PEM file: its key, without a passphrase
  bool tls_verify = true;         // false: whoever answers is believed, and may read and change everything
};

/// Commands to be sent in one go and answered in order. Build it, run it, look at the answers by position; it
/// may be run again, and cleared and filled again. Keys and values are copied in.
///
/// Threads    one at a time
class Pipeline final {
 public:
  void get(Bytes key);
  void set(Bytes key, Bytes value, std::optional<Duration> ttl = std::nullopt);
  void remove(Bytes key);
  void exists(Bytes key);
  void ping();
  void clear();

  /// Commands in it.
  [[nodiscard]] std::size_t size() const { return kinds_.size(); }

 private:
  friend class Client;

  std::string commands_;                    // encoded
  std::vector<client::CommandKind> kinds_;  // of each of them
};

/// What one command of a pipeline was answered.
struct Answer {
  std::optional<std::string> value;  // get: the value, none if absent
  bool found = false;                // get, exists, remove: whether the key was there
};

/// A server, as a caller sees it. Made by make_client().
///
/// Units      sizes are bytes, limits milliseconds; a TTL below one millisecond is refused by the server
/// Ownership  keys and values going in are borrowed for the call; what comes out is the caller's
/// Threads    any number at once, without locks of the caller's; destroy it after the last call has returned
/// Errors     as above, each within call_timeout. Calls that only read are tried once more, on a fresh
///            connection, when theirs ends before the answer; calls that write never are
/// Invariant  a connection on which anything went wrong, or on which bytes are left over, is never used again
class Client final {
 public:
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// The value under `key`, or none.
  [[nodiscard]] Result<std::optional<std::string>> get(Bytes key);

  /// The values under `keys`, in their order; none for those that are absent. One command; no keys, no call;
  /// more than 2^20 keys are too_large.
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> get_many(std::span<const Bytes> keys);

  /// Puts `value` under `key`, for `ttl` or until it is evicted.
  Result<void> set(Bytes key, Bytes value, std::optional<Duration> ttl = std::nullopt);

  /// True: `key` was there, and is gone.
  Result<bool> remove(Bytes key);

  [[nodiscard]] Result<bool> exists(Bytes key);

  /// The server is there and answers.
  Result<void> ping();

  /// Sends all of `pipeline` at once. An Error here means that not a byte was sent: nothing has happened.
  /// Otherwise there is one answer for each command, in order; if the connection failed midway, the commands
  /// whose answers never came each hold that failure, and may or may not have taken effect.
  [[nodiscard]] Result<std::vector<Result<Answer>>> run(const Pipeline& pipeline);

 private:
  friend Result<Client> make_client(const ClientOptions& options);
  class Core;
  explicit Client(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

/// Reads the address and checks the limits; connects to nothing yet. Errors: malformed (the address),
/// unsupported (a scheme other than resp, port 0, a limit of zero, two logins, files for TLS that cannot be
/// used or go with an address without it).
[[nodiscard]] Result<Client> make_client(const ClientOptions& options);

}  // namespace larder
