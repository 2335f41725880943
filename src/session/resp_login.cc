// AUTH and HELLO. Where a password takes long to try, or its place is held back, they are tasks: the
// connection takes no other command meanwhile, and is woken.
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/resp_info.h"
#include "session/resp_task.h"

namespace larder::session {
namespace {

using State = LoginAttempt::State;

// One attempt of this connection. Given up when it ends first.
class Attempt final {
 public:
  Attempt() = default;
  ~Attempt() {
    if (attempt_ != nullptr) logins_->withdraw(*attempt_);
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  // False: `call` is answered with an error. Inside a transaction everybody would wait for it.
  [[nodiscard]] bool begin(RespCall& call, Bytes name, Bytes password) {
    RespState& state = call.state;
    LoginQueue& logins = call.environment.service.logins;
    logins_ = &logins;
    attempt_ = std::make_shared<LoginAttempt>(login_place(state.client->facts.address), name, password,
                                              state.remote);
    if (!call.is_in_transaction || state.remote == nullptr) {
      logins.ask(attempt_, call.now);
      return true;
    }
    if (logins.settles_at_once(attempt_, call.now)) return true;
    call.reply.error("ERR this login takes its time, and nothing waits inside a transaction");
    return false;
  }

  [[nodiscard]] bool is_under_way() const { return attempt_ != nullptr && attempt_->state() == State::waits; }
  [[nodiscard]] bool is_settled() const { return attempt_ != nullptr && attempt_->state() != State::waits; }

  // A peer who has gone need not be kept for what is not even looked at yet.
  [[nodiscard]] Wait wait() const {
    if (!is_under_way()) return Wait::output;
    return attempt_->is_held_back() ? Wait::pause : Wait::wake;
  }

  // Memory, in bytes.
  [[nodiscard]] std::size_t held_size() const { return attempt_ != nullptr ? attempt_->held_size() : 0; }

  // Once it is settled. False: `call` is answered with an error. A connection that was logged in before stays
  // so.
  [[nodiscard]] bool finish(RespCall& call) {
    const std::shared_ptr<LoginAttempt> attempt = std::exchange(attempt_, nullptr);
    if (attempt->state() == State::right) {
      attempt->finish(call.state.login);
      note_user(call.state);
      return true;
    }
    call.environment.counters.logins_refused.add();
    call.reply.error(attempt->state() == State::wrong
                         ? "WRONGPASS invalid username-password pair or user is disabled."
                         : "ERR too many logins wait for their turn; try again later");
    return false;
  }

 private:
  std::shared_ptr<LoginAttempt> attempt_;
  LoginQueue* logins_ = nullptr;  // where that waits
};

class AuthTask final : public Task {
 public:
  explicit AuthTask(const RespCall& call) : Task(call.spec) {}

  bool step(RespCall& call) override {
    if (!attempt_.is_under_way() && !attempt_.is_settled()) {
      const bool names_user = call.arguments.size() == 3;
      const Bytes name = names_user ? call.arguments[1] : Bytes("default");
      if (!attempt_.begin(call, name, call.arguments.back())) return true;
    }
    if (attempt_.is_under_way()) return false;
    if (attempt_.finish(call)) call.reply.ok();
    return true;
  }

  [[nodiscard]] Wait wait() const override { return attempt_.wait(); }
  [[nodiscard]] std::size_t held_size() const override { return sizeof *this + attempt_.held_size(); }

 private:
  Attempt attempt_;
};

// HELLO [version [AUTH user password] [SETNAME name]]. Each option acts where it stands, before the next is
// read; the version only when all is right.
class HelloTask final : public Task {
 public:
  HelloTask(const RespCall& call, protocol::RespVersion version) : Task(call.spec), version_(version) {}

  bool step(RespCall& call) override {
    std::vector<Bytes> kept(rest_.begin(), rest_.end());
    std::span<const Bytes> words(kept);
    if (!std::exchange(has_begun_, true)) {
      words = call.arguments.subspan(std::min<std::size_t>(call.arguments.size(), 2));
    } else if (attempt_.is_under_way()) {
      return false;
    } else if (!attempt_.finish(call)) {
      return true;
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::size_t more = words.size() - i - 1;
      if (equals_ignoring_case(words[i], "auth") && more >= 2) {
        if (!attempt_.begin(call, words[i + 1], words[i + 2])) return true;
        i += 2;
        if (attempt_.is_under_way()) {
          keep(words.subspan(i + 1));
          return false;
        }
        if (!attempt_.finish(call)) return true;
      } else if (equals_ignoring_case(words[i], "setname") && more >= 1) {
        const Bytes name = words[++i];
        if (!check_client_name(call, name)) return true;
        set_client_name(call.state, name);
      } else {
        call.reply.error("ERR Syntax error in HELLO option '" + quotable(words[i]) + "'");
        return true;
      }
    }
    greet(call);
    return true;
  }

  [[nodiscard]] Wait wait() const override { return attempt_.wait(); }
  [[nodiscard]] std::size_t held_size() const override {
    std::size_t size = sizeof *this + attempt_.held_size();
    for (const std::string& word : rest_) size += sizeof(std::string) + word.capacity();
    return size;
  }

 private:
  void keep(std::span<const Bytes> words) {
    std::vector<std::string> rest(words.begin(), words.end());
    rest_ = std::move(rest);
  }

  void greet(RespCall& call) const {
    // Also when the password was taken away since: as in Redis.
    if (!call.state.login.is_done()) {
      return call.reply.error(
          "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH "
          "<user> <pass> option can be used to authenticate the client and select the RESP protocol version "
          "at the same time");
    }
    call.state.version = version_;
    protocol::ReplyEncoder reply(call.output, version_);
    reply.map(7);
    reply.bulk("server");
    reply.bulk("redis");  // clients look for what they know
    reply.bulk("version");
    reply.bulk(redis_version);
    reply.bulk("proto");
    reply.integer(static_cast<std::int64_t>(version_));
    reply.bulk("id");
    reply.integer(static_cast<std::int64_t>(call.state.client->facts.id));
    reply.bulk("mode");
    reply.bulk("standalone");
    reply.bulk("role");
    reply.bulk("master");
    reply.bulk("modules");
    reply.array(0);
  }

  protocol::RespVersion version_;
  bool has_begun_ = false;
  Attempt attempt_;
  std::vector<std::string> rest_;  // words behind the login that is under way
};

}  // namespace

void note_user(const RespState& state) {
  Client::Names names = state.client->names();
  names.user = state.login.name();
  state.client->set_names(std::move(names));
}

void handle_auth(RespCall& call) {
  const Accounts& accounts = call.environment.service.accounts;
  if (call.arguments.size() > 3) return call.reply.error(syntax_error);
  if (call.arguments.size() == 2 && !accounts.ask_for_login()) {
    return call.reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
  }
  begin_task(call, std::make_unique<AuthTask>(call));
}

void handle_hello(RespCall& call) {
  protocol::RespVersion version = call.state.version;
  if (call.arguments.size() > 1) {
    const auto number = parse_int64(call.arguments[1]);
    if (!number) return call.reply.error("ERR Protocol version is not an integer or out of range");
    if (*number < 2 || *number > 3) return call.reply.error("NOPROTO unsupported protocol version");
    version = *number == 3 ? protocol::RespVersion::resp3 : protocol::RespVersion::resp2;
  }
  begin_task(call, std::make_unique<HelloTask>(call, version));
}

}  // namespace larder::session
