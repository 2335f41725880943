// session/clients.h: the connections that speak RESP, as others see them.
//
//   CLIENT LIST    worker 1 asks what worker 2's connections are doing
//   CLIENT KILL    and closes one of them
//   MONITOR        every command of everybody goes to whoever asked to see them
//   CLIENT PAUSE   nobody's commands run until a moment
//
// A session notes what it does in its own Client with plain stores. A command pays for all of this with two
// of them, and with one look at whether anybody watches or has paused everybody.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace larder::session {

/// Reaches a connection from any thread, also when it is gone. Both calls may throw std::bad_alloc.
class Remote {
 public:
  virtual ~Remote() = default;
  /// Has its session called again.
  virtual void wake() = 0;
  /// Closes it, whatever it is owed.
  virtual void close() = 0;
};

/// What is known of a connection when it is accepted.
struct ConnectionFacts {
  std::uint64_t id = 0;   // unique in the process
  std::string address{};  // "127.0.0.1:50000", "/run/larder.sock:0" of a Unix socket; empty: not known
  std::string local_address{};
  TimePoint accepted_at{};

  [[nodiscard]] bool is_unix() const { return address.starts_with('/'); }
};

/// One connection.
///
/// Ownership  shared by its session and whoever looks at it
/// Threads    the atomics are written by its session alone, but for is_killed; the functions from any
class Client final {
 public:
  explicit Client(ConnectionFacts its_facts)
      : facts(std::move(its_facts)), active_at_ms(facts.accepted_at.time_since_epoch().count()) {}

  const ConnectionFacts facts;
  std::atomic<std::int64_t> active_at_ms;
  std::atomic<const Bytes*> last_command{nullptr};  // its name, in the command table
  std::atomic<std::uint8_t> database{0};
  std::atomic<std::uint8_t> version{2};
  std::atomic<std::int64_t> queued_count{-1};  // between MULTI and EXEC; -1: not there
  std::atomic<std::size_t> watched_count{0};   // keys under WATCH
  std::atomic<bool> is_monitor{false};
  std::atomic<bool> is_spared{false};   // CLIENT NO-EVICT
  std::atomic<bool> leaves_age{false};  // CLIENT NO-TOUCH
  std::atomic<bool> is_killed{false};

  struct Names {
    std::string name;
    std::string library;
    std::string library_version;
    std::string user = "default";  // who is logged in
  };
  [[nodiscard]] Names names() const;
  void set_names(Names names);

  void attach(std::shared_ptr<Remote> remote);
  /// False: nobody can reach it (it lives inside another connection, or in a test).
  [[nodiscard]] bool can_be_woken() const;
  void wake();
  void kill();

  /// Switches MONITOR. What was left for it before is forgotten. False: it was so already.
  bool set_monitor(bool is_on);
  /// Leaves a text for its session to send, if it monitors. False: there is more unsent than `size_max`
  /// bytes, and it was not taken.
  [[nodiscard]] bool leave(Bytes text, std::size_t size_max);
  [[nodiscard]] std::string take_left();
  [[nodiscard]] std::size_t left_size() const;

 private:
  mutable std::mutex mutex_;
  Names names_;
  std::shared_ptr<Remote> remote_;
  std::string left_;

  friend class Clients;
  /// When to be woken, and which in the order of asking.
  using Turn = std::pair<TimePoint, std::uint64_t>;
  std::optional<Turn> turn_;  // under the lock of Clients
};

/// All of them.
///
/// Threads    any
class Clients final {
 public:
  [[nodiscard]] std::shared_ptr<Client> add(ConnectionFacts facts);
  void remove(const std::shared_ptr<Client>& client);

  /// Those that are there now, oldest first.
  [[nodiscard]] std::vector<std::shared_ptr<Client>> all() const;

  // ---- MONITOR

  [[nodiscard]] bool anybody_monitors() const { return monitor_count_.load(std::memory_order_relaxed) > 0; }
  void start_monitor(const std::shared_ptr<Client>& client);
  void stop_monitor(Client& client);
  /// Sends `text` to all who monitor; closes those that do not keep up.
  void tell_monitors(Bytes text, std::size_t size_max);

  // ---- CLIENT PAUSE

  enum class Pause : std::uint8_t { nothing, writes, all };
  /// A pause that is under way ends no sooner for a second one, and is not made milder by it.
  void pause(Pause what, TimePoint until, TimePoint now);
  void unpause();
  [[nodiscard]] Pause paused(TimePoint now) const {
    const std::int64_t until = pause_until_ms_.load(std::memory_order_acquire);
    if (until == 0 || now.time_since_epoch().count() >= until) return Pause::nothing;
    return pause_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] TimePoint pause_end() const {
    return TimePoint{Duration{pause_until_ms_.load(std::memory_order_acquire)}};
  }

  /// Has `client` woken when the pause is over. False: it is over already.
  [[nodiscard]] bool wait_for_end_of_pause(const std::shared_ptr<Client>& client, TimePoint now);
  /// Has `client` woken soon after `moment`, at a tick(); or before, when a pause ends early. A second moment
  /// takes the place of the first.
  void wake_at(TimePoint moment, const std::shared_ptr<Client>& client);
  /// Called a few times a second. Throws nothing: one for whose waking there is no memory is woken later.
  void tick(TimePoint now);

 private:
  using Sleepers = std::map<Client::Turn, std::shared_ptr<Client>>;

  void add_sleeper(TimePoint moment, const std::shared_ptr<Client>& client);
  void forget_sleeper(Client& client);

  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Client>> clients_;
  Sleepers sleepers_;              // one entry a client
  std::uint64_t sleep_count_ = 0;  // ever
  std::vector<std::shared_ptr<Client>> monitors_;
  std::atomic<std::size_t> monitor_count_{0};
  std::atomic<std::size_t> sleeper_count_{0};
  std::atomic<std::int64_t> pause_until_ms_{0};  // 0: no pause
  std::atomic<Pause> pause_{Pause::nothing};
};

}  // namespace larder::session
