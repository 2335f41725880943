#include "session/request_meter.h"

#include <algorithm>
#include <optional>

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
  if (client_ != nullptr) environment_.service.clients.remove(client_);
}

// A stranger is bounded by his address alone.
void RequestMeter::Metered::know_user(const Login& login) {
  const RequestRates::Bounds& bounds = environment_.service.rates.bounds();
  if (bounds.per_user == 0 || (of_user_ != nullptr && user_ == login.name())) return;
  of_user_ = nullptr;
  if (login.is_missing(environment_.service.accounts)) return;
  user_ = login.name();
  of_user_ = environment_.service.rates.bucket_of_user(user_);
}

bool RequestMeter::Metered::holds_up(const Login& login, TimePoint now) {
  if (remote_ == nullptr) return false;
  know_user(login);
  const RequestRates::Bounds& bounds = environment_.service.rates.bounds();
  std::optional<TimePoint> address_next;
  std::optional<TimePoint> user_next;
  if (of_address_ != nullptr) address_next = of_address_->next(bounds.per_address, now);
  if (of_user_ != nullptr) user_next = of_user_->next(bounds.per_user, now);
  if (!address_next && !user_next) {
    is_waiting_ = false;
    return false;
  }
  if (client_ == nullptr) {
    client_ = std::make_shared<Client>(ConnectionFacts{.id = connection_id_});
    client_->attach(remote_);
  }
  environment_.service.clients.wake_at(std::max(address_next.value_or(now), user_next.value_or(now)),
                                       client_);
  if (!std::exchange(is_waiting_, true)) {
    environment_.counters.requests_delayed.add();
    tell(address_next.has_value(), now);
  }
  return true;
}

void RequestMeter::Metered::charge(const Login& login, TimePoint now) {
  know_user(login);
  const RequestRates::Bounds& bounds = environment_.service.rates.bounds();
  if (of_address_ != nullptr) of_address_->take(bounds.per_address, now);
  if (of_user_ != nullptr) of_user_->take(bounds.per_user, now);
}

void RequestMeter::Metered::tell(bool is_of_address, TimePoint now) {
  Service& service = environment_.service;
  std::uint64_t left_out = 0;
  if (service.control == nullptr || !service.may_log(now, left_out)) return;
  const RequestRates::Bounds& bounds = service.rates.bounds();
  service.control->log((is_of_address ? "requests from " + address_ + " wait: --requests-per-address is " +
                                            std::to_string(bounds.per_address)
                                      : "requests of the user " + user_ + " wait: --requests-per-user is " +
                                            std::to_string(bounds.per_user)) +
                       (left_out == 0 ? "" : "; lines left out: " + std::to_string(left_out)));
}

}  // namespace larder::session
