#include "session/request_meter.h"

#include <algorithm>
#include <utility>

#include "base/peer_network.h"

namespace larder::session {

std::unique_ptr<RequestMeter::Metered> RequestMeter::make(const Environment& environment,
                                                          const ConnectionFacts& facts) {
  const RequestRates::Bounds& bounds = environment.service.rates.bounds();
  if (bounds.per_address == 0 && bounds.per_user == 0) return nullptr;
  return std::make_unique<Metered>(environment, facts);
}

RequestMeter::Metered::Metered(const Environment& environment, const ConnectionFacts& facts)
    : environment_(environment),
      connection_id_(facts.id),
      address_(peer_network(facts.address)),
      of_address_(environment.service.rates.bucket_of_address(facts.address)) {}

RequestMeter::Metered::~Metered() {
  give_back();
  if (client_ != nullptr) environment_.service.clients.remove(client_);
}

// A stranger is bounded by his address alone.
void RequestMeter::Metered::know_user(const Login& login) {
  if (environment_.service.rates.bounds().per_user == 0) return;
  if (login.is_missing(environment_.service.accounts)) {
    of_user_ = nullptr;
  } else if (of_user_ == nullptr || user_ != login.name()) {
    user_ = login.name();
    of_user_ = environment_.service.rates.bucket_of_user(user_);
  }
}

void RequestMeter::Metered::take(TimePoint now) {
  const RequestRates::Bounds& bounds = environment_.service.rates.bounds();
  TimePoint address_turn = now;
  TimePoint user_turn = now;
  if (of_address_ != nullptr) address_turn = of_address_->take(bounds.per_address, now);
  token_of_user_ = of_user_;
  if (token_of_user_ != nullptr) user_turn = token_of_user_->take(bounds.per_user, now);
  has_tokens_ = true;
  taken_at_ = now;
  turn_ = std::max(address_turn, user_turn);
  RequestRates& rates = environment_.service.rates;
  if (address_turn > now) {
    environment_.counters.requests_delayed_per_address.add();
    rates.note_delayed(RequestRates::Kind::address, address_);
  }
  if (user_turn > now) {
    environment_.counters.requests_delayed_per_user.add();
    rates.note_delayed(RequestRates::Kind::user, user_);
  }
}

void RequestMeter::Metered::give_back() {
  if (!std::exchange(has_tokens_, false)) return;
  const RequestRates::Bounds& bounds = environment_.service.rates.bounds();
  if (of_address_ != nullptr) of_address_->give_back(bounds.per_address);
  if (token_of_user_ != nullptr) token_of_user_->give_back(bounds.per_user);
}

// Who has logged in, or is another one, since he took them takes others. With the clock set back nobody waits
// for what it said before.
bool RequestMeter::Metered::holds_up(const Login& login, TimePoint now) {
  if (remote_ == nullptr) return false;
  know_user(login);
  if (has_tokens_ && token_of_user_ != of_user_) give_back();
  if (!has_tokens_) take(now);
  if (now >= turn_ || now < taken_at_) return false;
  sleep();
  return true;
}

void RequestMeter::Metered::sleep() {
  if (client_ == nullptr) {
    client_ = std::make_shared<Client>(ConnectionFacts{.id = connection_id_});
    client_->attach(remote_);
  }
  environment_.service.clients.wake_at(turn_, client_);
}

void RequestMeter::Metered::charge(const Login& login, TimePoint now) {
  if (std::exchange(has_tokens_, false)) return;
  know_user(login);
  take(now);
  has_tokens_ = false;
}

}  // namespace larder::session
