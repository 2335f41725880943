// Attempts to log in. Method: a clock that is moved by hand and run_due() called by hand, so that who is
// looked at when is exact; serve() on a thread last. The hashes are the cheapest that there are.
#include "session/login_queue.h"

#include <algorithm>
#include <condition_variable>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace larder::session {
namespace {

using State = LoginAttempt::State;
using Attempt = std::shared_ptr<LoginAttempt>;

struct DeskClock final : Clock {
  Now now() const override { return {.wall = wall, .steady = {}}; }
  TimePoint wall{Duration{1'700'000'000'000}};
};

struct Woken final : Remote {
  void wake() override {
    const std::lock_guard lock(mutex);
    ++count;
    changed.notify_all();
  }
  void close() override {}
  std::mutex mutex;
  std::condition_variable changed;
  int count = 0;
};

User desk_user(const std::string& name, Bytes password) {
  return {.name = name,
          .password = make_scrypt_hash(password, {.n = 2, .r = 1, .salt = "12345678"}),
          .rights = all_rights};
}

/// A server with the users a and b, whose passwords are red and blue.
struct Desk {
  explicit Desk(Duration delay_max = Duration{5000}) {
    accounts.users.set({desk_user("a", "red"), desk_user("b", "blue")});
    queue.set_up({}, delay_max);
  }
  Attempt ask(Bytes name, Bytes password, const std::string& place = "192.0.2.1") {
    auto attempt = std::make_shared<LoginAttempt>(place, name, password, woken);
    queue.ask(attempt, clock.wall);
    return attempt;
  }
  void run() {
    while (const auto next_at = queue.run_due(clock)) {
      if (*next_at > clock.wall) return;
    }
  }
  /// What comes of it when it may take its time.
  State settled(Bytes name, Bytes password, const std::string& place = "192.0.2.1") {
    const Attempt attempt = ask(name, password, place);
    for (int i = 0; i < 1000 && attempt->state() == State::waits; ++i) {
      run();
      clock.wall += Duration{50};
    }
    return attempt->state();
  }

  DeskClock clock;
  Accounts accounts;
  LoginQueue queue{accounts};
  std::shared_ptr<Woken> woken = std::make_shared<Woken>();
};

TEST(LoginQueue, LetsInWhoKnowsAPassword) {
  Desk desk;
  const Attempt attempt = desk.ask("a", "red");
  EXPECT_EQ(attempt->state(), State::waits);
  EXPECT_EQ(desk.woken->count, 0);
  desk.run();
  EXPECT_EQ(attempt->state(), State::right);
  EXPECT_EQ(desk.woken->count, 1);
  Login login(desk.accounts);
  attempt->finish(login);
  EXPECT_EQ(login.name(), "a");
  EXPECT_EQ(desk.settled("a", "blue"), State::wrong);
  EXPECT_EQ(desk.settled("c", "red"), State::wrong);
  EXPECT_EQ(desk.settled("default", ""), State::wrong);
  EXPECT_EQ(desk.settled("b", "blue"), State::right);
  EXPECT_EQ(desk.settled("b", std::string(credential_size_max + 1, 'x')), State::wrong);
}

TEST(LoginQueue, FindsOutThePasswordAtOnce) {
  Desk desk;
  desk.accounts.password.set("secret");
  EXPECT_EQ(desk.ask("default", "secret")->state(), State::right);
  // Who is in the file is not the one of the password.
  desk.accounts.users.set({desk_user("default", "red")});
  EXPECT_EQ(desk.settled("default", "secret"), State::wrong);
  EXPECT_EQ(desk.settled("default", "red"), State::right);
}

// Method: whether it had to wait shows whether a hash was worked out.
TEST(LoginQueue, WorksOutAHashForNobodyToo) {
  Desk desk;
  for (const Bytes name : {"a", "c"}) {
    const Attempt attempt = desk.ask(name, "green", std::string(name));
    EXPECT_EQ(attempt->state(), State::waits);
    desk.run();
    EXPECT_EQ(attempt->state(), State::wrong);
  }
}

TEST(LoginQueue, RemembersWhoWasRight) {
  Desk desk;
  EXPECT_EQ(desk.settled("a", "red"), State::right);
  EXPECT_EQ(desk.ask("a", "red", "192.0.2.2")->state(), State::right);
  EXPECT_EQ(desk.ask("a", "blue", "192.0.2.2")->state(), State::waits);
  EXPECT_EQ(desk.ask("b", "red", "192.0.2.3")->state(), State::waits);
  for (int i = 0; i < 3; ++i) {
    desk.clock.wall += LoginQueue::remembered_for - Duration{1};
    EXPECT_EQ(desk.ask("a", "red", "192.0.2.4")->state(), State::right) << "each time counts";
  }
  desk.clock.wall += LoginQueue::remembered_for;
  EXPECT_EQ(desk.ask("a", "red", "192.0.2.4")->state(), State::waits);
}

// SIGHUP for another certificate, or for another user, costs nobody a scrypt.
TEST(LoginQueue, ForgetsHimWithAnotherHashOfHisAndNobodyElse) {
  Desk desk;
  EXPECT_EQ(desk.settled("a", "red"), State::right);
  desk.accounts.users.set({desk_user("a", "red"), desk_user("b", "green"), desk_user("c", "blue")});
  EXPECT_EQ(desk.ask("a", "red")->state(), State::right);
  User with_other_salt = desk_user("a", "red");
  with_other_salt.password = make_scrypt_hash("red", {.n = 2, .r = 1, .salt = "87654321"});
  desk.accounts.users.set({with_other_salt});
  EXPECT_EQ(desk.ask("a", "red")->state(), State::waits);
  desk.run();
  desk.accounts.users.set({desk_user("b", "red")});
  EXPECT_EQ(desk.settled("a", "red"), State::wrong);
}

TEST(LoginQueue, HoldsBackAPlaceThatWasWrong) {
  Desk desk;
  desk.accounts.password.set("secret");
  std::vector<std::int64_t> waits_ms;
  for (int i = 0; i < 9; ++i) {
    const TimePoint before = desk.clock.wall;
    const Attempt attempt = desk.ask("default", "wrong");
    EXPECT_EQ(attempt->is_held_back(), i >= 2);
    while (attempt->state() == State::waits) {
      const auto next_at = desk.queue.run_due(desk.clock);
      ASSERT_TRUE(next_at);
      desk.clock.wall = std::max(desk.clock.wall, *next_at);
    }
    waits_ms.push_back((desk.clock.wall - before).count());
  }
  EXPECT_EQ(waits_ms, (std::vector<std::int64_t>{0, 0, 100, 200, 400, 800, 1600, 3200, 5000}));
  // Who is right waits as well, or waiting would tell who is wrong; others do not.
  EXPECT_EQ(desk.ask("default", "secret")->state(), State::waits);
  EXPECT_EQ(desk.ask("default", "secret", "192.0.2.2")->state(), State::right);
  desk.clock.wall += Duration{5000};
  desk.run();
  desk.clock.wall += Duration{60'000};
  for (int i = 0; i < 2; ++i) {
    const Attempt forgiven = desk.ask("default", "wrong");
    EXPECT_FALSE(forgiven->is_held_back());
    desk.run();
    EXPECT_EQ(forgiven->state(), State::wrong);
  }
}

TEST(LoginQueue, HoldsNobodyBackWhoseClockWasSetBack) {
  Desk desk;
  desk.accounts.password.set("secret");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(desk.settled("default", "wrong"), State::wrong);
  const Attempt waiting = desk.ask("default", "secret");
  EXPECT_EQ(waiting->state(), State::waits);
  desk.clock.wall -= std::chrono::hours{1};
  desk.run();
  EXPECT_EQ(waiting->state(), State::right);
}

// Or whoever asks and goes would keep his connection until all before him were tried, and dead attempts would
// be tried, too.
TEST(LoginQueue, WhoStandsBehindOthersIsHeldBack) {
  Desk desk;
  const Attempt first = desk.ask("a", "wrong");
  const Attempt second = desk.ask("a", "wrong");
  const Attempt elsewhere = desk.ask("a", "wrong", "192.0.2.2");
  EXPECT_FALSE(first->is_held_back());
  EXPECT_TRUE(second->is_held_back());
  EXPECT_FALSE(elsewhere->is_held_back());
}

// How long a refusal takes would tell that there is a password beside the users.
TEST(LoginQueue, AWrongPasswordBesideUsersTakesAsLongAsTheirs) {
  Desk desk;
  desk.accounts.password.set("secret");
  const Attempt wrong = desk.ask("default", "wrong");
  EXPECT_EQ(wrong->state(), State::waits);
  desk.run();
  EXPECT_EQ(wrong->state(), State::wrong);
  EXPECT_EQ(desk.ask("default", "secret", "192.0.2.2")->state(), State::right);
}

TEST(LoginQueue, TakesTurnsBetweenPlaces) {
  Desk desk;
  std::vector<Attempt> many;
  many.reserve(5);
  for (int i = 0; i < 5; ++i) many.push_back(desk.ask("a", "red" + std::to_string(i), "192.0.2.1"));
  const Attempt other = desk.ask("b", "blue", "192.0.2.2");
  EXPECT_TRUE(desk.queue.run_due(desk.clock));
  EXPECT_EQ(other->state(), State::waits);
  EXPECT_TRUE(desk.queue.run_due(desk.clock));
  EXPECT_EQ(other->state(), State::right);
  EXPECT_EQ(many[1]->state(), State::waits);
}

TEST(LoginQueue, PassesOverWhoHasGone) {
  Desk desk;
  const Attempt gone = desk.ask("a", "wrong");
  const Attempt next = desk.ask("a", "red");
  desk.queue.withdraw(*gone);
  EXPECT_EQ(gone.use_count(), 1) << "nobody keeps his password";
  EXPECT_TRUE(desk.queue.run_due(desk.clock));
  EXPECT_EQ(gone->state(), State::waits);
  EXPECT_EQ(next->state(), State::right);
}

TEST(LoginQueue, KnowsNothingOfAPlaceThatAllHaveLeft) {
  Desk desk;
  const std::vector<Attempt> all{desk.ask("a", "red"), desk.ask("a", "red"),
                                 desk.ask("b", "blue", "192.0.2.2")};
  for (const Attempt& attempt : all) desk.queue.withdraw(*attempt);
  EXPECT_FALSE(desk.queue.run_due(desk.clock));
  const Attempt again = desk.ask("a", "red");
  EXPECT_TRUE(desk.queue.run_due(desk.clock));
  EXPECT_EQ(again->state(), State::right);
  desk.queue.withdraw(*again);
}

// A thousand addresses guess without end; whoever else comes waits for one password that is being tried.
TEST(LoginQueue, TriesWhoComesFromAPlaceWithoutFailuresFirst) {
  Desk desk(Duration{0});
  constexpr std::size_t place_count = 1000;
  std::vector<Attempt> guesses;
  guesses.reserve(2 * place_count);
  for (std::size_t i = 0; i < 2 * place_count; ++i) {
    guesses.push_back(desk.ask("a", "wrong", std::to_string(i % place_count)));
  }
  for (std::size_t i = 0; i < place_count + place_count / 4; ++i) {
    EXPECT_TRUE(desk.queue.run_due(desk.clock));
  }
  EXPECT_EQ(guesses[place_count - 1]->state(), State::wrong) << "each has failed once";
  EXPECT_EQ(guesses.back()->state(), State::waits);
  const Attempt newcomer = desk.ask("b", "blue", "192.0.2.2");
  EXPECT_TRUE(desk.queue.run_due(desk.clock));
  EXPECT_EQ(newcomer->state(), State::right);
}

// He has a failure, and waits behind those without one, but not for ever.
TEST(LoginQueue, TriesAPlaceWithFailuresEachNinthTime) {
  Desk desk(Duration{0});
  EXPECT_EQ(desk.settled("a", "rde"), State::wrong);
  const Attempt mistyped = desk.ask("a", "red");
  std::vector<Attempt> others;
  others.reserve(100);
  for (int i = 0; i < 100; ++i) others.push_back(desk.ask("b", "wrong", std::to_string(i)));
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(desk.queue.run_due(desk.clock));
  EXPECT_EQ(mistyped->state(), State::waits);
  EXPECT_TRUE(desk.queue.run_due(desk.clock));
  EXPECT_EQ(mistyped->state(), State::right);
}

TEST(LoginQueue, HasRoomForANewcomerWhenItIsFullOfPlacesWithFailures) {
  Desk desk(Duration{0});
  std::vector<Attempt> guesses;
  const auto guess = [&](std::size_t place) {
    guesses.push_back(desk.ask("a", "wrong", std::to_string(place)));
    return guesses.back()->state();
  };
  // Each has failed, and each has one that waits.
  constexpr std::size_t place_count = LoginQueue::place_count_max - 2;
  for (std::size_t place = 0; place < place_count; ++place) {
    EXPECT_EQ(guess(place), State::waits);
    EXPECT_TRUE(desk.queue.run_due(desk.clock));
  }
  for (std::size_t place = 0; place < LoginQueue::waiting_count_max; ++place) {
    EXPECT_EQ(guess(place % place_count), State::waits);
  }
  const Attempt newcomer = desk.ask("b", "blue", "192.0.2.2");
  EXPECT_EQ(newcomer->state(), State::waits);
  EXPECT_TRUE(desk.queue.run_due(desk.clock));
  EXPECT_EQ(newcomer->state(), State::right);
  EXPECT_EQ(guess(5), State::waits) << "in his place";
  EXPECT_EQ(guess(5), State::crowded);
}

TEST(LoginQueue, IsBounded) {
  Desk desk;
  std::vector<Attempt> all;
  const auto fill = [&](int place, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) all.push_back(desk.ask("a", "x", std::to_string(place)));
  };
  fill(0, LoginQueue::place_waiting_count_max);
  EXPECT_EQ(all.back()->state(), State::waits);
  fill(0, 1);
  EXPECT_EQ(all.back()->state(), State::crowded);
  constexpr std::size_t place_count = LoginQueue::waiting_count_max / LoginQueue::place_waiting_count_max;
  for (std::size_t i = 1; i < place_count; ++i)
    fill(static_cast<int>(i), LoginQueue::place_waiting_count_max);
  EXPECT_EQ(all.back()->state(), State::waits);
  // Who comes from elsewhere takes a place from those who have many.
  EXPECT_EQ(desk.woken->count, 0);
  EXPECT_EQ(desk.ask("a", "red", "elsewhere")->state(), State::waits);
  EXPECT_EQ(desk.woken->count, 1);
}

TEST(LoginQueue, SettlesAtOnceWhereNobodyCouldBeWoken) {
  Desk desk;
  desk.woken = nullptr;
  EXPECT_EQ(desk.ask("a", "red")->state(), State::right);
  EXPECT_EQ(desk.ask("a", "blue")->state(), State::wrong);
}

TEST(LoginQueue, KnowsThePlaceOfAnAddress) {
  EXPECT_EQ(login_place("192.0.2.1:50000"), "192.0.2.1");
  EXPECT_EQ(login_place("/run/larder.sock:0"), "/run/larder.sock");
  EXPECT_EQ(login_place("[2001:db8::1]:50000"), "2001:db8::/64");
  EXPECT_EQ(login_place(""), "");
}

TEST(LoginQueue, ServesOnAThread) {
  Desk desk(Duration{1});
  const SystemClock clock;
  desk.clock.wall = clock.now().wall;
  const std::jthread thread([&](const std::stop_token& stop) {
    desk.queue.serve(clock, stop, [](FunctionRef<void()> work) { work(); });
  });
  std::vector<Attempt> all;
  all.reserve(20);
  for (int i = 0; i < 20; ++i) all.push_back(desk.ask("a", i % 2 == 0 ? "red" : "blue"));
  std::unique_lock lock(desk.woken->mutex);
  desk.woken->changed.wait(lock, [&all] {
    return std::ranges::none_of(all, [](const Attempt& each) { return each->state() == State::waits; });
  });
  bool is_right = true;
  for (const Attempt& attempt : all) {
    EXPECT_EQ(attempt->state(), is_right ? State::right : State::wrong);
    is_right = !is_right;
  }
}

}  // namespace
}  // namespace larder::session
