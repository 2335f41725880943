#include "session/clients.h"

#include <algorithm>

namespace larder::session {

Client::Names Client::names() const {
  const std::lock_guard lock(mutex_);
  return names_;
}

void Client::set_names(Names names) {
  const std::lock_guard lock(mutex_);
  names_ = std::move(names);
}

void Client::attach(std::shared_ptr<Remote> remote) {
  const std::lock_guard lock(mutex_);
  remote_ = std::move(remote);
}

bool Client::can_be_woken() const {
  const std::lock_guard lock(mutex_);
  return remote_ != nullptr;
}

void Client::wake() {
  const std::lock_guard lock(mutex_);
  if (remote_ != nullptr) remote_->wake();
}

void Client::kill() {
  is_killed.store(true, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (remote_ != nullptr) remote_->close();
}

bool Client::leave(Bytes text, std::size_t size_max) {
  const std::lock_guard lock(mutex_);
  if (left_.size() + text.size() > size_max) return false;
  left_.append(text);
  if (remote_ != nullptr && left_.size() == text.size()) remote_->wake();
  return true;
}

std::string Client::take_left() {
  const std::lock_guard lock(mutex_);
  return std::exchange(left_, {});
}

std::size_t Client::left_size() const {
  const std::lock_guard lock(mutex_);
  return left_.capacity() > std::string().capacity() ? left_.capacity() : 0;
}

std::shared_ptr<Client> Clients::add(ConnectionFacts facts) {
  auto client = std::make_shared<Client>(std::move(facts));
  const std::lock_guard lock(mutex_);
  clients_[client->facts.id] = client;
  return client;
}

void Clients::remove(const std::shared_ptr<Client>& client) {
  stop_monitor(*client);
  client->attach(nullptr);
  const std::lock_guard lock(mutex_);
  const auto found = clients_.find(client->facts.id);
  if (found != clients_.end() && found->second == client) clients_.erase(found);
}

std::vector<std::shared_ptr<Client>> Clients::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Client>> all;
  all.reserve(clients_.size());
  for (const auto& [id, client] : clients_) all.push_back(client);
  return all;
}

void Clients::start_monitor(Client& client) {
  if (!client.is_monitor.exchange(true)) monitor_count_.fetch_add(1, std::memory_order_relaxed);
}

void Clients::stop_monitor(Client& client) {
  if (client.is_monitor.exchange(false)) monitor_count_.fetch_sub(1, std::memory_order_relaxed);
}

void Clients::tell_monitors(Bytes text, std::size_t size_max) {
  for (const std::shared_ptr<Client>& client : all()) {
    if (client->is_monitor.load(std::memory_order_relaxed) && !client->leave(text, size_max)) client->kill();
  }
}

void Clients::pause(Pause what, TimePoint until, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (paused(now) != Pause::nothing) {
    what = std::max(what, pause_.load(std::memory_order_relaxed));
    until = std::max(until, pause_end());
  }
  pause_.store(what, std::memory_order_relaxed);
  pause_until_ms_.store(until.time_since_epoch().count(), std::memory_order_release);
}

// Those who sleep for another reason find out that it is not their time yet.
void Clients::unpause() {
  pause_until_ms_.store(0, std::memory_order_release);
  tick(TimePoint::max());
}

void Clients::wake_at(TimePoint moment, const std::shared_ptr<Client>& client) {
  const std::lock_guard lock(mutex_);
  sleepers_.emplace(moment, client);
  sleeper_count_.store(sleepers_.size(), std::memory_order_relaxed);
}

void Clients::tick(TimePoint now) {
  if (sleeper_count_.load(std::memory_order_relaxed) == 0) return;
  std::vector<std::weak_ptr<Client>> due;
  {
    const std::lock_guard lock(mutex_);
    const auto end = sleepers_.upper_bound(now);
    for (auto sleeper = sleepers_.begin(); sleeper != end; ++sleeper) due.push_back(sleeper->second);
    sleepers_.erase(sleepers_.begin(), end);
    sleeper_count_.store(sleepers_.size(), std::memory_order_relaxed);
  }
  for (const std::weak_ptr<Client>& sleeper : due) {
    if (const auto client = sleeper.lock()) client->wake();
  }
}

}  // namespace larder::session
