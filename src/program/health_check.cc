#include "program/health_check.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/function_ref.h"
#include "base/unix_address.h"

namespace larder::program {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::array<std::string_view, 6> schemes{"resp", "line", "http", "resp+tls", "line+tls", "http+tls"};
constexpr std::size_t answer_size_max = 4096;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address address_of_path(const std::string& path) {
  const sockaddr_un path_address = unix_address(path);
  Address address{.size = sizeof path_address};
  std::memcpy(&address.storage, &path_address, sizeof path_address);
  return address;
}

struct Lookup {
  int error = EAI_AGAIN;
  std::vector<Address> addresses{};
};

Lookup look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  Lookup lookup{.error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found)};
  for (const addrinfo* entry = found; lookup.error == 0 && entry != nullptr; entry = entry->ai_next) {
    Address address;
    address.size = entry->ai_addrlen;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    lookup.addresses.push_back(address);
  }
  if (found != nullptr) freeaddrinfo(found);
  return lookup;
}

// getaddrinfo() cannot be told how long to wait and cannot be interrupted. So a thread does it, and is left
// behind if it takes too long; what it writes to is shared with it.
std::optional<Lookup> look_up_until(const std::string& host, const std::string& port, Deadline deadline) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Lookup> lookup;
  };
  auto shared = std::make_shared<Shared>();
  std::thread([shared, host, port] {
    Lookup lookup = look_up(host, port, 0);
    const std::scoped_lock lock(shared->mutex);
    shared->lookup = std::move(lookup);
    shared->ready.notify_one();
  }).detach();
  std::unique_lock lock(shared->mutex);
  shared->ready.wait_until(lock, deadline, [&] { return shared->lookup.has_value(); });
  return shared->lookup;
}

std::unexpected<Error> timed_out() { return failure(ErrorKind::timed_out, "no answer in time"); }

std::unexpected<Error> system_failure(int error_number) {
  return failure(ErrorKind::disconnected, std::generic_category().message(error_number));
}

Result<void> wait_for(int descriptor, short events, Deadline deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return timed_out();
    pollfd waiting{.fd = descriptor, .events = events, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return system_failure(errno);
  }
}

// Closes its descriptor however the check ends.
class Connection {
 public:
  explicit Connection(int descriptor) : descriptor_(descriptor) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    SSL_free(tls_);
    SSL_CTX_free(tls_context_);
    close(descriptor_);
  }

  Result<void> connect_to(const Address& address, Deadline deadline) {
    if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0)
      return {};
    if (errno != EINPROGRESS) return system_failure(errno);
    if (Result<void> ready = wait_for(descriptor_, POLLOUT, deadline); !ready) return ready;
    int error_number = 0;
    socklen_t size = sizeof error_number;
    getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error_number, &size);
    return error_number == 0 ? Result<void>{} : system_failure(error_number);
  }

  // Certificates are not verified: nothing that is secret is said, and what is asked is whether somebody
  // answers.
  Result<void> start_tls(Deadline deadline) {
    tls_context_ = SSL_CTX_new(TLS_client_method());
    tls_ = tls_context_ == nullptr ? nullptr : SSL_new(tls_context_);
    BIO* const received = BIO_new(BIO_s_mem());
    BIO* const unsent = BIO_new(BIO_s_mem());
    if (tls_ == nullptr || received == nullptr || unsent == nullptr) {
      BIO_free(received);
      BIO_free(unsent);
      return system_failure(ENOMEM);
    }
    SSL_set_bio(tls_, received, unsent);
    SSL_set_min_proto_version(tls_, TLS1_2_VERSION);
    SSL_set_connect_state(tls_);
    const Result<int> begun = run_tls([&] { return SSL_do_handshake(tls_); }, deadline);
    return begun ? Result<void>{} : std::unexpected(begun.error());
  }

  // Who asks for a certificate is at home, as who asks for a password is.
  [[nodiscard]] bool wants_certificate() const { return wants_certificate_; }

  Result<void> send_all(Bytes bytes, Deadline deadline) {
    if (tls_ == nullptr) return send_plain(bytes, deadline);
    const auto size = static_cast<int>(bytes.size());
    const Result<int> sent = run_tls([&] { return SSL_write(tls_, bytes.data(), size); }, deadline);
    return sent ? Result<void>{} : std::unexpected(sent.error());
  }

  // One more piece of the answer; empty: the peer has closed.
  Result<std::string> receive(Deadline deadline) {
    if (tls_ == nullptr) return receive_plain(deadline);
    std::string piece(1024, '\0');
    const Result<int> size =
        run_tls([&] { return SSL_read(tls_, piece.data(), static_cast<int>(piece.size())); }, deadline);
    if (!size) return std::unexpected(size.error());
    piece.resize(static_cast<std::size_t>(*size));
    return piece;
  }

 private:
  // Repeats a step of TLS, and carries what it wants to say and to hear. 0: the peer has closed.
  Result<int> run_tls(FunctionRef<int()> step, Deadline deadline) {
    for (;;) {
      ERR_clear_error();
      const int result = step();
      const int error = SSL_get_error(tls_, result);
      const unsigned long reason = ERR_peek_last_error();
      while (BIO_ctrl_pending(SSL_get_wbio(tls_)) > 0) {
        std::array<char, 4096> buffer;
        const int size = BIO_read(SSL_get_wbio(tls_), buffer.data(), static_cast<int>(buffer.size()));
        const Bytes bytes(buffer.data(), static_cast<std::size_t>(size));
        // What the peer said before it went is read all the same.
        const Result<void> sent = send_plain(bytes, deadline);
        if (!sent && sent.error().kind != ErrorKind::disconnected) return std::unexpected(sent.error());
      }
      if (result > 0) return result;
      if (error == SSL_ERROR_ZERO_RETURN) return 0;
      if (error != SSL_ERROR_WANT_READ) {
        wants_certificate_ = ERR_GET_REASON(reason) == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED ||
                             ERR_GET_REASON(reason) == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE;
        const char* const text = ERR_reason_error_string(reason);
        return failure(ErrorKind::malformed,
                       "no TLS: " + std::string(text == nullptr ? "no reason is known" : text));
      }
      const Result<std::string> piece = receive_plain(deadline);
      if (!piece) return std::unexpected(piece.error());
      if (piece->empty()) return 0;
      BIO_write(SSL_get_rbio(tls_), piece->data(), static_cast<int>(piece->size()));
    }
  }

  Result<void> send_plain(Bytes bytes, Deadline deadline) {
    while (!bytes.empty()) {
      const ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        if (Result<void> ready = wait_for(descriptor_, POLLOUT, deadline); !ready) return ready;
      } else if (errno != EINTR) {
        return system_failure(errno);
      }
    }
    return {};
  }

  Result<std::string> receive_plain(Deadline deadline) {
    for (;;) {
      std::array<char, 1024> buffer;
      const ssize_t received = recv(descriptor_, buffer.data(), buffer.size(), 0);
      if (received >= 0) return std::string(buffer.data(), static_cast<std::size_t>(received));
      if (errno == EAGAIN) {
        if (const Result<void> ready = wait_for(descriptor_, POLLIN, deadline); !ready) {
          return std::unexpected(ready.error());
        }
      } else if (errno != EINTR) {
        return system_failure(errno);
      }
    }
  }

  int descriptor_;
  SSL_CTX* tls_context_ = nullptr;
  SSL* tls_ = nullptr;
  bool wants_certificate_ = false;
};

std::string question_for(const Endpoint& endpoint) {
  if (endpoint.scheme == "resp") return "*1\r\n$4\r\nPING\r\n";
  if (endpoint.scheme == "line") return "get larder-healthcheck\r\n";
  const std::string host = endpoint.is_unix() ? "localhost" : endpoint.address();
  return "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
}

enum class Verdict : std::uint8_t { healthy, unhealthy, undecided };

// What a healthy answer begins with. Who asks for a password is at home: otherwise setting one would have
// containers restarted, and without it.
bool begins_well(const Endpoint& endpoint, Bytes answer, bool (*begins)(Bytes answer, Bytes expected)) {
  if (endpoint.scheme == "resp") return begins(answer, "+PONG\r\n") || begins(answer, "-NOAUTH ");
  if (endpoint.scheme == "line") return begins(answer, "ERROR log in first");
  return begins(answer, "HTTP/1.1 200");  // /healthz asks nobody
}

Verdict judge(const Endpoint& endpoint, Bytes answer) {
  const auto whole = [](Bytes text, Bytes expected) { return text.starts_with(expected); };
  const auto part = [](Bytes text, Bytes expected) { return expected.starts_with(text); };
  if (begins_well(endpoint, answer, whole)) return Verdict::healthy;
  if (begins_well(endpoint, answer, part)) return Verdict::undecided;
  if (endpoint.scheme != "line") return Verdict::unhealthy;
  // A cache has most likely nothing under the key, but whatever it has ends with END.
  if (answer.starts_with("ERROR")) return Verdict::unhealthy;
  return answer == "END\r\n" || answer.ends_with("\r\nEND\r\n") ? Verdict::healthy : Verdict::undecided;
}

Result<void> converse(Connection& connection, const Endpoint& endpoint, Deadline deadline) {
  if (endpoint.tls) {
    if (Result<void> secured = connection.start_tls(deadline); !secured) return secured;
  }
  if (Result<void> sent = connection.send_all(question_for(endpoint), deadline); !sent) return sent;
  std::string answer;
  for (;;) {
    const Result<std::string> piece = connection.receive(deadline);
    if (!piece) return std::unexpected(piece.error());
    answer += *piece;
    const Verdict verdict = judge(endpoint, answer);
    if (verdict == Verdict::healthy) return {};
    if (verdict == Verdict::unhealthy || piece->empty() || answer.size() > answer_size_max) {
      return failure(ErrorKind::malformed,
                     answer.empty() ? "closed without an answer"
                                    : "the answer is not that of a healthy " + endpoint.scheme + " listener");
    }
  }
}

Result<void> ask(const Endpoint& endpoint, const Address& address, Deadline deadline) {
  const int descriptor = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return system_failure(errno);
  Connection connection(descriptor);
  if (Result<void> connected = connection.connect_to(address, deadline); !connected) return connected;
  Result<void> answered = converse(connection, endpoint, deadline);
  if (connection.wants_certificate()) return {};
  return answered;
}

}  // namespace

std::span<const std::string_view> health_check_schemes() { return schemes; }

Result<void> check_health(const Endpoint& endpoint, Duration time_limit) {
  const Deadline deadline = std::chrono::steady_clock::now() + time_limit;
  if (endpoint.is_unix()) return ask(endpoint, address_of_path(endpoint.path), deadline);
  const std::string port = std::to_string(endpoint.port);
  // An address in digits needs no name server and no thread.
  std::optional<Lookup> lookup = look_up(endpoint.host, port, AI_NUMERICHOST);
  if (lookup->error != 0) lookup = look_up_until(endpoint.host, port, deadline);
  if (!lookup) return failure(ErrorKind::timed_out, "the name was not found in time");
  if (lookup->error != 0) return failure(ErrorKind::disconnected, gai_strerror(lookup->error));

  Result<void> answer = failure(ErrorKind::disconnected, "the name has no address");
  for (const Address& address : lookup->addresses) {
    answer = ask(endpoint, address, deadline);
    if (answer || answer.error().kind == ErrorKind::timed_out) break;
  }
  return answer;
}

}  // namespace larder::program
