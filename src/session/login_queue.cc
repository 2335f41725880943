#include "session/login_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <vector>

#include "base/peer_network.h"

namespace larder::session {

std::string login_place(Bytes address) {
  if (address.starts_with('/')) return std::string(address.substr(0, address.rfind(':')));
  return peer_network(address);
}

LoginAttempt::LoginAttempt(std::string place, Bytes name, Bytes password, std::shared_ptr<Remote> remote)
    : place_(std::move(place)),
      name_(name.substr(0, credential_size_max)),
      password_(password.substr(0, credential_size_max)),
      remote_(std::move(remote)),
      is_too_long_(name.size() > credential_size_max || password.size() > credential_size_max) {}

void LoginQueue::set_up(const Secret& secret, Duration delay_max) {
  const std::lock_guard lock(mutex_);
  secret_ = secret;
  delay_max_ = delay_max;
}

// Who he is now; with the generation first, so that a change in between is noticed by his connection.
LoginAttempt::State LoginQueue::judge_cheaply(LoginAttempt& attempt, TimePoint now) {
  const UserRegistry& users = accounts_.users;
  attempt.generation_ = users.generation();
  attempt.user_ = users.find(attempt.name_);
  if (attempt.is_too_long_) return State::wrong;
  const bool is_of_password = attempt.user_ == nullptr && attempt.name_ == "default" &&
                              (accounts_.password.is_set() || !users.is_set());
  if (is_of_password || !users.is_set()) {
    // The password is looked at for any name: how long this takes should not tell which there are. Beside
    // users, a wrong one takes as long as theirs.
    const bool is_right = accounts_.password.matches(attempt.password_);
    if (is_right && is_of_password) return State::right;
    return users.is_set() ? State::waits : State::wrong;
  }
  if (attempt.user_ == nullptr || remembered_.empty()) return State::waits;
  const auto found = remembered_.find(digest_of(attempt, attempt.password_));
  if (found == remembered_.end() || now >= found->second) return State::waits;
  found->second = now + remembered_for;
  return State::right;
}

// The long way. Throws std::bad_alloc.
LoginAttempt::State LoginQueue::judge(const LoginAttempt& attempt, RunSlowly run_slowly) const {
  ScryptHash hash;
  if (attempt.user_ != nullptr) {
    hash = attempt.user_->password;
  } else {
    const Digest digest = digest_of(attempt, "");
    std::uint64_t seed = 0;
    std::memcpy(&seed, digest.data(), sizeof seed);
    hash = accounts_.users.decoy(seed);
  }
  bool is_right = false;
  run_slowly([&] { is_right = scrypt_matches(hash, attempt.password_); });
  return is_right && attempt.user_ != nullptr ? State::right : State::wrong;
}

bool LoginQueue::settles_at_once(const std::shared_ptr<LoginAttempt>& attempt, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(attempt->place_);
  if (place != places_.end()) {
    const Place& there = place->second;
    const bool is_held_back = now < there.due_at && is_sane(there.due_at, now);
    const bool must_wait = is_held_back || there.is_under_way || !there.waiting.empty();
    attempt->is_held_back_.store(must_wait, std::memory_order_relaxed);
    if (must_wait) return false;
  }
  const State state = judge_cheaply(*attempt, now);
  if (state == State::wrong) note_failure(attempt->place_, now);
  attempt->settle(state);
  return state != State::waits;
}

void LoginQueue::ask(const std::shared_ptr<LoginAttempt>& attempt, TimePoint now) {
  if (settles_at_once(attempt, now)) return;
  if (attempt->remote_ == nullptr) {
    State state = State::waits;
    {
      const std::lock_guard lock(mutex_);
      state = judge_cheaply(*attempt, now);
    }
    if (state == State::waits) state = judge(*attempt, [](FunctionRef<void()> work) { work(); });
    const std::lock_guard lock(mutex_);
    if (state == State::wrong) note_failure(attempt->place_, now);
    return attempt->settle(state);
  }
  if (!add(attempt, now)) attempt->settle(State::crowded);
}

bool LoginQueue::add(const std::shared_ptr<LoginAttempt>& attempt, TimePoint now) {
  std::shared_ptr<LoginAttempt> displaced;
  {
    const std::lock_guard lock(mutex_);
    forget_old_failures(now);
    Place& place = places_[attempt->place_];
    if (place.waiting.size() >= place_waiting_count_max || !make_room(place, now, displaced)) return false;
    place.waiting.push_back(attempt);
    try {
      if (place.line == nullptr && !place.is_under_way) line_up(attempt->place_, place, now);
    } catch (const std::bad_alloc&) {
      place.waiting.pop_back();  // or its place would wait without standing in line, and for ever
      throw;
    }
    ++waiting_count_;
  }
  changed_.notify_one();
  if (displaced != nullptr) tell(*displaced, State::crowded);
  return true;
}

// When all is full, who came last where most wait, of places with failures if there are any, makes room for a
// place where fewer do, or that has none.
bool LoginQueue::make_room(const Place& place, TimePoint now, std::shared_ptr<LoginAttempt>& displaced) {
  if (waiting_count_ < waiting_count_max) return true;
  const auto weight = [now](const Place& other) {
    return other.waiting.empty() ? std::pair(false, std::size_t{0})
                                 : std::pair(other.has_failed(now), other.waiting.size());
  };
  const auto fullest =
      std::ranges::max_element(places_, {}, [&](const auto& entry) { return weight(entry.second); });
  if (weight(fullest->second) <= std::pair(place.has_failed(now), place.waiting.size() + 1)) return false;
  Place& giving = fullest->second;
  displaced = std::move(giving.waiting.back());
  giving.waiting.pop_back();
  if (giving.waiting.empty()) take_out_of_line(giving);
  --waiting_count_;
  return true;
}

void LoginQueue::line_up(const std::string& name, Place& place, TimePoint now) {
  const TimePoint due_at = is_sane(place.due_at, now) ? std::max(now, place.due_at) : now;
  Line& line = place.has_failed(now) ? line_behind_ : line_;
  const Turn turn(due_at, ++line_number_);
  line.emplace(turn, name);
  place.line = &line;
  place.turn = turn;
}

void LoginQueue::take_out_of_line(Place& place) {
  if (place.line != nullptr) std::exchange(place.line, nullptr)->erase(place.turn);
}

void LoginQueue::withdraw(const LoginAttempt& attempt) noexcept {
  std::shared_ptr<LoginAttempt> withdrawn;  // and freed when the lock is
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(attempt.place_);
  if (place == places_.end()) return;
  std::deque<std::shared_ptr<LoginAttempt>>& waiting = place->second.waiting;
  const auto found = std::ranges::find(waiting, &attempt, &std::shared_ptr<LoginAttempt>::get);
  if (found == waiting.end()) return;
  withdrawn = std::move(*found);
  waiting.erase(found);
  --waiting_count_;
  if (!waiting.empty()) return;
  take_out_of_line(place->second);
  if (place->second.failure_count == 0 && !place->second.is_under_way) places_.erase(place);
}

void LoginQueue::note_failure(const std::string& name, TimePoint now) {
  forget_old_failures(now);
  Place& place = places_[name];
  const Duration since = now - place.failed_at;
  if (since < Duration{0} || since >= forgotten_after) place.failure_count = 0;
  ++place.failure_count;
  place.failed_at = now;
  constexpr unsigned doubling_count_max = 20;
  const unsigned doubling_count = std::min(place.failure_count, doubling_count_max);
  const Duration delay = doubling_count < 2 ? Duration{0} : first_delay * (1U << (doubling_count - 2));
  place.due_at = now + std::min(delay, delay_max_);
}

// Of places where nobody waits. When there are still too many, the older half of all failures goes.
void LoginQueue::forget_old_failures(TimePoint now) {
  if (places_.size() < place_count_max) return;
  const auto is_idle = [](const Place& place) { return place.waiting.empty() && !place.is_under_way; };
  std::erase_if(places_, [&](const auto& entry) {
    return is_idle(entry.second) && now - entry.second.failed_at >= forgotten_after;
  });
  if (places_.size() < place_count_max / 2) return;
  std::vector<TimePoint> times;
  times.reserve(places_.size());
  for (const auto& [name, place] : places_) times.push_back(place.failed_at);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  const TimePoint limit = *middle;
  std::erase_if(places_,
                [&](const auto& entry) { return is_idle(entry.second) && entry.second.failed_at <= limit; });
}

// Whose first place is due; null: neither's, and `next_at` is when one will be. Of both it is the one without
// failures, but for each ninth time: who has mistyped his password gets in as well, if later.
LoginQueue::Line* LoginQueue::line_that_is_due(TimePoint now, std::optional<TimePoint>& next_at) {
  constexpr unsigned passed_by_max = 8;
  next_at.reset();
  const auto is_due = [&](const Line& line) {
    if (line.empty()) return false;
    const TimePoint due_at = line.begin()->first.first;
    if (now >= due_at || !is_sane(due_at, now)) return true;
    next_at = std::min(next_at.value_or(due_at), due_at);
    return false;
  };
  const bool is_first_due = is_due(line_);
  const bool is_second_due = is_due(line_behind_);
  if (is_first_due && (!is_second_due || passed_by_ < passed_by_max)) {
    passed_by_ += is_second_due ? 1 : 0;
    return &line_;
  }
  passed_by_ = 0;
  return is_second_due ? &line_behind_ : nullptr;
}

// The first attempt of the place that is due.
std::shared_ptr<LoginAttempt> LoginQueue::take_due(TimePoint now, std::optional<TimePoint>& next_at) {
  Line* const line = line_that_is_due(now, next_at);
  if (line == nullptr) return nullptr;
  Place& place = places_.find(line->begin()->second)->second;
  take_out_of_line(place);
  std::shared_ptr<LoginAttempt> attempt = std::move(place.waiting.front());
  place.waiting.pop_front();
  --waiting_count_;
  place.is_under_way = true;
  return attempt;
}

std::optional<TimePoint> LoginQueue::run_due(const Clock& clock, RunSlowly run_slowly) {
  std::optional<TimePoint> next_at;
  std::shared_ptr<LoginAttempt> attempt;
  {
    const std::lock_guard lock(mutex_);
    attempt = take_due(clock.now().wall, next_at);
  }
  if (attempt == nullptr) return next_at;
  State state = State::waits;
  try {
    state = work_out(*attempt, clock, run_slowly);
  } catch (const std::bad_alloc&) {
    state = State::crowded;  // there is no room for it, as if too many others waited
  }
  const TimePoint now = clock.now().wall;
  std::deque<std::shared_ptr<LoginAttempt>> turned_away;
  {
    const std::lock_guard lock(mutex_);
    turned_away = conclude(attempt->place_, state, now);
  }
  tell(*attempt, state);
  for (const std::shared_ptr<LoginAttempt>& other : turned_away) tell(*other, State::crowded);
  return now;
}

// An attempt of the place is no longer under way. Answers with those of it for whose turn there is no memory.
std::deque<std::shared_ptr<LoginAttempt>> LoginQueue::conclude(const std::string& name, State state,
                                                               TimePoint now) {
  Place& place = places_.find(name)->second;
  try {
    if (state == State::wrong) note_failure(name, now);
  } catch (const std::bad_alloc&) {
    place.due_at = now + delay_max_;  // as after many
  }
  place.is_under_way = false;
  if (place.waiting.empty()) {
    if (place.failure_count == 0) places_.erase(name);
    return {};
  }
  try {
    line_up(name, place, now);
    return {};
  } catch (const std::bad_alloc&) {
    waiting_count_ -= place.waiting.size();
    return std::exchange(place.waiting, {});
  }
}

LoginAttempt::State LoginQueue::work_out(LoginAttempt& attempt, const Clock& clock, RunSlowly run_slowly) {
  {
    const std::lock_guard lock(mutex_);
    const State state = judge_cheaply(attempt, clock.now().wall);
    if (state != State::waits) return state;
  }
  const State state = judge(attempt, run_slowly);
  if (state == State::right) {
    const std::lock_guard lock(mutex_);
    remember(attempt, clock.now().wall);
  }
  return state;
}

void LoginQueue::serve(const Clock& clock, const std::stop_token& stop, RunSlowly run_slowly) {
  while (!stop.stop_requested()) {
    const std::optional<TimePoint> next_at = run_due(clock, run_slowly);
    std::unique_lock lock(mutex_);
    const auto has_earlier = [](const Line& line, TimePoint than) {
      return !line.empty() && line.begin()->first.first < than;
    };
    const TimePoint than = next_at.value_or(TimePoint::max());
    const auto is_time = [&] { return has_earlier(line_, than) || has_earlier(line_behind_, than); };
    if (!next_at) {
      changed_.wait(lock, stop, is_time);
    } else if (const Duration left = *next_at - clock.now().wall; left > Duration{0}) {
      changed_.wait_for(lock, stop, left, is_time);
    }
  }
}

// Its connection may have ended.
void LoginQueue::tell(LoginAttempt& attempt, State state) noexcept {
  attempt.settle(state);
  try {
    attempt.remote_->wake();
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // Nobody hears of it: a timeout, or its peer's patience, ends the connection.
  }
}

// The hash of his password is in it: with another one, what was right is another digest.
LoginQueue::Digest LoginQueue::digest_of(const LoginAttempt& attempt, Bytes password) const {
  std::string text = std::to_string(attempt.name_.size()) + " " + attempt.name_;
  if (attempt.user_ != nullptr) text += attempt.user_->password.hash;
  text += password;
  Digest digest{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
           &size) == nullptr) {
    throw std::bad_alloc();
  }
  return digest;
}

void LoginQueue::remember(const LoginAttempt& attempt, TimePoint now) {
  if (remembered_.size() >= remembered_count_max) {
    std::erase_if(remembered_, [now](const auto& entry) { return entry.second <= now; });
    if (remembered_.size() >= remembered_count_max) remembered_.clear();
  }
  remembered_.insert_or_assign(digest_of(attempt, attempt.password_), now + remembered_for);
}

}  // namespace larder::session
