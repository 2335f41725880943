#include "larder/client.h"

#include <algorithm>
#include <utility>

#include "client/commands.h"
#include "client/connection.h"
#include "client/deadline.h"
#include "client/pool.h"
#include "client/server_address.h"

namespace larder {

using client::CommandKind;
using client::Connection;
using client::Deadline;
using client::Freshness;

void Pipeline::get(Bytes key) {
  client::append_get(commands_, key);
  kinds_.push_back(CommandKind::get);
}

void Pipeline::set(Bytes key, Bytes value, std::optional<Duration> ttl) {
  client::append_set(commands_, key, value, ttl);
  kinds_.push_back(CommandKind::set);
}

void Pipeline::remove(Bytes key) {
  client::append_remove(commands_, key);
  kinds_.push_back(CommandKind::remove);
}

void Pipeline::exists(Bytes key) {
  client::append_exists(commands_, key);
  kinds_.push_back(CommandKind::exists);
}

void Pipeline::ping() {
  client::append_ping(commands_);
  kinds_.push_back(CommandKind::ping);
}

void Pipeline::clear() {
  commands_.clear();
  kinds_.clear();
}

/// What is behind a Client: the pool, and how a call is made on it.
class Client::Core final {
 public:
  Core(const client::PoolOptions& options, Duration call_timeout)
      : pool_(options), call_timeout_(call_timeout) {}

  /// One exchange on a pooled connection, tried once more on a fresh one if that is safe. `sent` becomes true
  /// once bytes may have left.
  ///
  /// Safe means two things: the commands only read, and the connection ended rather than the time limit or
  /// the protocol. The usual cause is a server that was restarted while the connection lay idle.
  Result<void> call(Bytes commands, std::size_t command_count, bool reads, Connection::OnReply on_reply,
                    bool& sent) {
    const Deadline deadline = Deadline::after(call_timeout_);
    Freshness freshness = Freshness::any;
    for (;;) {
      auto lease = pool_.acquire(freshness, deadline);
      if (!lease) return std::unexpected(lease.error());
      sent = true;
      auto exchanged = (*lease)->exchange(commands, command_count, deadline, on_reply);
      if (exchanged || !reads || freshness == Freshness::fresh ||
          exchanged.error().kind != ErrorKind::disconnected) {
        return exchanged;
      }
      freshness = Freshness::fresh;
    }
  }

  /// The only command of a call.
  Result<Answer> call_one(CommandKind kind, Bytes command) {
    Result<Answer> answer;
    bool sent = false;
    const auto called = call(
        command, 1, only_reads(kind),
        [&](std::size_t, protocol::Reply& reply) -> Result<void> {
          answer = read_answer(kind, reply);
          return unless_malformed(answer);
        },
        sent);
    if (!called) return std::unexpected(called.error());
    return answer;
  }

  /// A server's error is an answer; no answer at all ends the connection.
  template <class T>
  static Result<void> unless_malformed(const Result<T>& answer) {
    if (!answer && answer.error().kind == ErrorKind::malformed) return std::unexpected(answer.error());
    return {};
  }

 private:
  client::Pool pool_;
  const Duration call_timeout_;
};

Client::Client(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<std::optional<std::string>> Client::get(Bytes key) {
  std::string command;
  client::append_get(command, key);
  auto answer = core_->call_one(CommandKind::get, command);
  if (!answer) return std::unexpected(answer.error());
  return std::move(answer->value);
}

Result<std::vector<std::optional<std::string>>> Client::get_many(std::span<const Bytes> keys) {
  Result<std::vector<std::optional<std::string>>> values;
  if (keys.empty()) return values;
  std::string command;
  client::append_get_many(command, keys);
  bool sent = false;
  const auto called = core_->call(
      command, 1, true,
      [&](std::size_t, protocol::Reply& reply) -> Result<void> {
        values = client::read_values(keys.size(), reply);
        return Core::unless_malformed(values);
      },
      sent);
  if (!called) return std::unexpected(called.error());
  return values;
}

Result<void> Client::set(Bytes key, Bytes value, std::optional<Duration> ttl) {
  std::string command;
  client::append_set(command, key, value, ttl);
  const auto answer = core_->call_one(CommandKind::set, command);
  if (!answer) return std::unexpected(answer.error());
  return {};
}

Result<bool> Client::remove(Bytes key) {
  std::string command;
  client::append_remove(command, key);
  const auto answer = core_->call_one(CommandKind::remove, command);
  if (!answer) return std::unexpected(answer.error());
  return answer->found;
}

Result<bool> Client::exists(Bytes key) {
  std::string command;
  client::append_exists(command, key);
  const auto answer = core_->call_one(CommandKind::exists, command);
  if (!answer) return std::unexpected(answer.error());
  return answer->found;
}

Result<void> Client::ping() {
  std::string command;
  client::append_ping(command);
  const auto answer = core_->call_one(CommandKind::ping, command);
  if (!answer) return std::unexpected(answer.error());
  return {};
}

Result<std::vector<Result<Answer>>> Client::run(const Pipeline& pipeline) {
  std::vector<Result<Answer>> answers(pipeline.size());
  if (answers.empty()) return answers;
  std::size_t answered_count = 0;
  bool sent = false;
  const auto called = core_->call(
      pipeline.commands_, pipeline.size(), std::ranges::all_of(pipeline.kinds_, client::only_reads),
      [&](std::size_t index, protocol::Reply& reply) -> Result<void> {
        auto answer = client::read_answer(pipeline.kinds_[index], reply);
        if (auto taken = Core::unless_malformed(answer); !taken) return taken;
        answers[index] = std::move(answer);
        answered_count = std::max(answered_count, index + 1);
        return {};
      },
      sent);
  if (!called) {
    if (!sent) return std::unexpected(called.error());
    for (std::size_t index = answered_count; index < answers.size(); ++index)
      answers[index] = std::unexpected(called.error());
  }
  return answers;
}

Result<Client> make_client(const ClientOptions& options) {
  auto address = client::parse_server_address(options.address);
  if (!address) return std::unexpected(address.error());
  const client::Login given{.user = options.user, .password = options.password};
  if (given.is_given() && address->login.is_given())
    return failure(ErrorKind::unsupported, "the address has a login, and the options have another");
  Endpoint* const server = &address->endpoint;
  if (server->scheme != "resp") {
    return failure(ErrorKind::unsupported,
                   "the client speaks resp:// and resp+tls://, not " + server->scheme_and_tls() + "://");
  }
  if (server->port == 0 && !server->is_unix())
    return failure(ErrorKind::unsupported, "port 0 is nowhere to connect to");
  if (options.connect_timeout <= Duration{0} || options.call_timeout <= Duration{0} ||
      options.connection_count_max == 0 || options.reply_size_max == 0) {
    return failure(ErrorKind::unsupported, "every limit of the client has to be above zero");
  }
  client::PoolOptions pool_options;
  const client::TlsOptions tls{.ca_file = options.tls_ca,
                               .certificate_file = options.tls_certificate,
                               .key_file = options.tls_key,
                               .verifies = options.tls_verify};
  if (server->tls) {
    auto context = client::TlsContext::make(tls, server->host);
    if (!context) return std::unexpected(context.error());
    pool_options.tls = *std::move(context);
  } else if (tls != client::TlsOptions{}) {
    return failure(ErrorKind::unsupported, "options for TLS go with resp+tls://, not " + server->url());
  }
  pool_options.server = std::move(*server);
  pool_options.login = given.is_given() ? given : address->login;
  pool_options.connect_timeout = options.connect_timeout;
  pool_options.connection_count_max = options.connection_count_max;
  pool_options.reply_limits.reply_size_max = options.reply_size_max;
  return Client(std::make_unique<Client::Core>(pool_options, options.call_timeout));
}

}  // namespace larder
