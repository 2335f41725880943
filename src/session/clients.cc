#include "session/clients.h"

#include <algorithm>
#include <new>
#include <utility>

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

bool Client::set_monitor(bool is_on) {
  const std::lock_guard lock(mutex_);
  std::string().swap(left_);
  return is_monitor.exchange(is_on, std::memory_order_relaxed) != is_on;
}

bool Client::leave(Bytes text, std::size_t size_max) {
  const std::lock_guard lock(mutex_);
  if (!is_monitor.load(std::memory_order_relaxed)) return true;
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
  forget_sleeper(*client);
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

void Clients::start_monitor(const std::shared_ptr<Client>& client) {
  if (!client->set_monitor(true)) return;
  const std::lock_guard lock(mutex_);
  monitors_.push_back(client);
  monitor_count_.store(monitors_.size(), std::memory_order_relaxed);
}

void Clients::stop_monitor(Client& client) {
  if (!client.set_monitor(false)) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(monitors_, [&](const auto& monitor) { return monitor.get() == &client; });
  monitor_count_.store(monitors_.size(), std::memory_order_relaxed);
}

void Clients::tell_monitors(Bytes text, std::size_t size_max) {
  std::vector<std::shared_ptr<Client>> monitors;
  {
    const std::lock_guard lock(mutex_);
    monitors = monitors_;
  }
  for (const std::shared_ptr<Client>& client : monitors) {
    if (!client->leave(text, size_max)) client->kill();
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
  {
    const std::lock_guard lock(mutex_);
    pause_until_ms_.store(0, std::memory_order_release);
  }
  tick(TimePoint::max());
}

bool Clients::wait_for_end_of_pause(const std::shared_ptr<Client>& client, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (paused(now) == Pause::nothing) return false;
  add_sleeper(pause_end(), client);
  return true;
}

void Clients::wake_at(TimePoint moment, const std::shared_ptr<Client>& client) {
  const std::lock_guard lock(mutex_);
  add_sleeper(moment, client);
}

// Under the lock, like the next.
void Clients::add_sleeper(TimePoint moment, const std::shared_ptr<Client>& client) {
  forget_sleeper(*client);
  const Client::Turn turn(moment, ++sleep_count_);
  client->turn_ = turn;
  sleepers_.emplace(turn, client);
  sleeper_count_.store(sleepers_.size(), std::memory_order_relaxed);
}

void Clients::forget_sleeper(Client& client) {
  if (!client.turn_) return;
  sleepers_.erase(*client.turn_);
  client.turn_.reset();
  sleeper_count_.store(sleepers_.size(), std::memory_order_relaxed);
}

// Without memory to wake one, it keeps its place, which takes none, and is tried again at the next tick: who
// ticks has other things to do than to end for it. The others are woken meanwhile; who goes to sleep again
// meanwhile is not.
void Clients::tick(TimePoint now) {
  if (sleeper_count_.load(std::memory_order_relaxed) == 0) return;
  Client::Turn next{TimePoint::min(), 0};
  std::optional<std::uint64_t> last;
  while (true) {
    Sleepers::node_type due;
    {
      const std::lock_guard lock(mutex_);
      if (!last) last = sleep_count_;
      auto place = sleepers_.lower_bound(next);
      while (place != sleepers_.end() && place->first.second > *last) ++place;
      if (place == sleepers_.end() || place->first.first > now) return;
      next = {place->first.first, place->first.second + 1};
      due = sleepers_.extract(place);
      due.mapped()->turn_.reset();
      sleeper_count_.store(sleepers_.size(), std::memory_order_relaxed);
    }
    Client& client = *due.mapped();
    try {
      client.wake();
    } catch (const std::bad_alloc&) {
      const std::lock_guard lock(mutex_);
      if (client.turn_) continue;  // it has found itself another moment
      client.turn_ = due.key();
      sleepers_.insert(std::move(due));
      sleeper_count_.store(sleepers_.size(), std::memory_order_relaxed);
    }
  }
}

}  // namespace larder::session
