// session/login_queue.h: where passwords are tried, away from the event loops.
//
//   session --ask()--> known already, or cheap to find out? --yes--> settled
//                      no: waits with others from the same place
//
//   [ place A: 1 2 3 ]   due now          serve(), on a thread of its own, takes the first of whichever
//   [ place B: 4 ]       due in 200 ms    place is due, then that place waits behind the others
//   [ place C: 5 6 ]     due now          settled -> the connection is woken
//
// A place is an address, the first 64 bits of an IPv6 one, or a Unix socket. After failures from there the
// next attempt is not looked at before a while has passed: 0, 100, 200, 400 ms and so on. Nobody else waits
// for that. And it stands in a second line, behind places without failures: who guesses from a thousand
// addresses keeps nobody else out.
//
// For a name that nobody has a password is worked out as well, and thrown away: how long a refusal takes does
// not tell which names there are. Who was right is remembered until ten minutes after the last time, as a
// keyed digest: a pool that opens a hundred connections pays for one.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/function_ref.h"
#include "session/clients.h"
#include "session/login.h"

namespace larder::session {

/// No longer name or password is looked at, in bytes: nobody could send one before he is logged in.
inline constexpr std::size_t credential_size_max = 16384;

/// Its network (base/peer_network.h), or the path of a Unix socket.
[[nodiscard]] std::string login_place(Bytes address);

/// A name and a password that one connection has given.
///
/// Ownership  shared by its session and the queue
/// Threads    the session's, but for settle()
/// Invariant  what is longer than any credential is not kept
class LoginAttempt final {
 public:
  enum class State : std::uint8_t { waits, right, wrong, crowded };

  /// `remote` is woken when it is settled; null: nobody can be.
  LoginAttempt(std::string place, Bytes name, Bytes password, std::shared_ptr<Remote> remote);

  [[nodiscard]] State state() const { return state_.load(std::memory_order_acquire); }
  /// Since others from its place were wrong, or are before it: it is not even looked at yet.
  [[nodiscard]] bool is_held_back() const { return is_held_back_.load(std::memory_order_relaxed); }
  /// Memory, in bytes.
  [[nodiscard]] std::size_t held_size() const {
    return sizeof *this + name_.capacity() + password_.capacity();
  }

  /// Once it is right: `login` is that user's.
  void finish(Login& login) const { login.finish(user_, generation_); }

 private:
  friend class LoginQueue;
  void settle(State state) { state_.store(state, std::memory_order_release); }

  const std::string place_;
  const std::string name_;
  const std::string password_;
  const std::shared_ptr<Remote> remote_;
  const bool is_too_long_;
  std::shared_ptr<const User> user_;  // this and the next are written before state_
  std::uint64_t generation_ = 0;
  std::atomic<State> state_{State::waits};
  std::atomic<bool> is_held_back_{false};
};

/// Settles attempts.
///
/// Threads    any; serve() on one
/// Invariant  at most waiting_count_max attempts wait, place_waiting_count_max of one place, and failures of
///            place_count_max places are known; of one place one attempt at a time is under way
class LoginQueue final {
 public:
  static constexpr std::size_t waiting_count_max = 8192;
  static constexpr std::size_t place_waiting_count_max = 1024;
  static constexpr std::size_t place_count_max = 4096;
  static constexpr std::size_t remembered_count_max = 1024;
  static constexpr Duration first_delay{100};
  static constexpr Duration forgotten_after{60'000};
  static constexpr Duration remembered_for{600'000};
  using Secret = std::array<unsigned char, 32>;

  /// The accounts outlive it.
  explicit LoginQueue(const Accounts& accounts) : accounts_(accounts) {}
  LoginQueue(const LoginQueue&) = delete;
  LoginQueue& operator=(const LoginQueue&) = delete;

  /// Before anybody asks. The secret is random; delays end at `delay_max`, and 0 means that there are none.
  void set_up(const Secret& secret, Duration delay_max);

  /// True: it is settled. False: it would have to wait, and nothing has happened.
  [[nodiscard]] bool settles_at_once(const std::shared_ptr<LoginAttempt>& attempt, TimePoint now);

  /// The same; where it would have to wait it does, and its connection is woken later. Where there is nobody
  /// to wake it is settled here, whatever that costs: tests and fuzzers live like that.
  void ask(const std::shared_ptr<LoginAttempt>& attempt, TimePoint now);

  /// Nobody waits for it any more.
  void withdraw(const LoginAttempt& attempt) noexcept;

  /// Calls what it is given, wherever it likes, and returns when that is done: it takes its time, and no lock
  /// that anybody else wants.
  using RunSlowly = FunctionRef<void(FunctionRef<void()>)>;

  /// Settles one attempt that is due. When the next is; nullopt: nobody waits.
  std::optional<TimePoint> run_due(const Clock& clock, RunSlowly run_slowly);
  std::optional<TimePoint> run_due(const Clock& clock) {
    return run_due(clock, [](FunctionRef<void()> work) { work(); });
  }

  /// Runs what is due as it comes, until it is asked to stop.
  void serve(const Clock& clock, const std::stop_token& stop, RunSlowly run_slowly);

 private:
  using State = LoginAttempt::State;
  using Digest = std::array<unsigned char, 32>;
  using Turn = std::pair<TimePoint, std::uint64_t>;  // when it is due, and in which order they came
  using Line = std::map<Turn, std::string>;          // of places where somebody waits
  struct Place {
    std::deque<std::shared_ptr<LoginAttempt>> waiting;
    bool is_under_way = false;  // one of its attempts was taken out and is being worked on
    unsigned failure_count = 0;
    TimePoint failed_at{};
    TimePoint due_at{};    // the next attempt
    Line* line = nullptr;  // in which it stands; null: in none
    Turn turn;

    [[nodiscard]] bool has_failed(TimePoint now) const {
      return failure_count > 0 && now - failed_at < forgotten_after;
    }
  };

  [[nodiscard]] State judge(const LoginAttempt& attempt, RunSlowly run_slowly) const;
  [[nodiscard]] State judge_cheaply(LoginAttempt& attempt, TimePoint now);
  [[nodiscard]] bool is_sane(TimePoint due_at, TimePoint now) const { return due_at <= now + delay_max_; }
  [[nodiscard]] bool add(const std::shared_ptr<LoginAttempt>& attempt, TimePoint now);
  [[nodiscard]] std::shared_ptr<LoginAttempt> take_due(TimePoint now, std::optional<TimePoint>& next_at);
  void note_failure(const std::string& name, TimePoint now);
  void forget_old_failures(TimePoint now);
  [[nodiscard]] bool make_room(const Place& place, TimePoint now, std::shared_ptr<LoginAttempt>& displaced);
  void line_up(const std::string& name, Place& place, TimePoint now);
  void take_out_of_line(Place& place);
  [[nodiscard]] Line* line_that_is_due(TimePoint now, std::optional<TimePoint>& next_at);
  [[nodiscard]] std::deque<std::shared_ptr<LoginAttempt>> conclude(const std::string& name, State state,
                                                                   TimePoint now);
  [[nodiscard]] State work_out(LoginAttempt& attempt, const Clock& clock, RunSlowly run_slowly);
  [[nodiscard]] Digest digest_of(const LoginAttempt& attempt, Bytes password) const;
  void remember(const LoginAttempt& attempt, TimePoint now);
  static void tell(LoginAttempt& attempt, State state) noexcept;

  const Accounts& accounts_;
  Secret secret_{};
  Duration delay_max_{0};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Place, std::less<>> places_;
  Line line_;                      // of places without failures
  Line line_behind_;               // of the others
  unsigned passed_by_ = 0;         // how often the first was preferred to the second, since that had its turn
  std::uint64_t line_number_ = 0;  // the last one given
  std::size_t waiting_count_ = 0;
  std::map<Digest, TimePoint> remembered_;  // until when
};

}  // namespace larder::session
