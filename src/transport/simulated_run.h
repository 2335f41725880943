// transport/simulated_run.h: connections under a seed's weather, and what must be true of them. Test code.
//
//   Script        what a peer asks for and what it must get, how it reads, how it leaves
//   Witness       the handler: answers, and checks each call that it gets
//   run<Loop>     some peers on one loop, to the end; answers with the first thing that was wrong
//
// What a peer receives is what it is owed, whole and in order, or the beginning of it if it gave a reason: it
// reset, stopped reading for good, asked for a failure. Without a reason it has all that its handler
// answered, and a plain end behind it.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/numbers.h"
#include "transport/loop_test_support.h"
#include "transport/simulated_loop.h"

namespace larder::transport {

/// Keeps the first thing that was wrong.
struct Verdict {
  std::optional<std::string> failure;
  void check(bool holds, const char* what) {
    if (!holds && !failure) failure = what;
  }
};

/// Lends parts of one text and counts what comes back.
class TextLender final : public Lender {
 public:
  Loan lend(Bytes bytes) override {
    ++lent_count;
    return {*this, this, bytes};
  }
  void take_back(const void* /*owner*/) noexcept override { --lent_count; }
  [[nodiscard]] bool is_orphan(const void* /*owner*/) const noexcept override { return false; }
  int lent_count = 0;
};

/// The reply of `size` bytes: no two places of it look alike for long.
inline std::string sized_reply(std::size_t size) {
  std::string reply(size, '\0');
  for (std::size_t i = 0; i < size; ++i) reply[i] = static_cast<char>('a' + (i * 7 + i / 97 + size) % 26);
  return reply + "\n";
}

/// What a handler says that is closed without having asked for it.
inline constexpr Bytes last_words = "good bye\n";

/// One peer: what it will do, and what came of it.
struct Script {
  std::vector<std::string> requests;
  std::string expected;         // the replies to all of them
  bool has_reason = false;      // not to get all that its handler answered
  bool sends_at_once = false;   // and not in pieces, over time
  bool ends = false;            // its side, when all is sent
  bool has_last_words = false;  // its handler
  SimulatedPeer::Habits habits;
  std::optional<Duration> resets_after;
  std::optional<Duration> deaf_from;
  std::optional<Duration> deaf_to;  // none: for good

  SimulatedPeer* peer = nullptr;
  std::string produced;    // by its handler
  bool is_served = false;  // its handler lives
  bool is_closed = false;  // by its handler's waker
};

/// Requests are a letter, a number, a line end: see answer().
class ScriptSource final {
 public:
  explicit ScriptSource(SplitMix64& random) : random_(random) {}

  Script draw() {
    Script script;
    bool has_pause = false;
    bool goes_on = true;
    // Some ask for so much, and are deaf for so long, that the output is full.
    const bool is_greedy = below(random_, 12) == 0;
    for (std::size_t count = 1 + below(random_, 20); goes_on && count > 0; --count) {
      std::size_t kind = below(random_, 40);
      if (is_greedy && kind < 32) kind = below(random_, 4) == 0 ? 25 : 20;
      const std::size_t size = draw_size(random_, is_greedy || below(random_, 20) == 0 ? 300'000 : 3000);
      const std::string number = std::to_string(size) + "\n";
      if (kind < 14) {
        add(script, "e" + number, "e" + number);
      } else if (kind < 22) {
        add(script, "s" + number, sized_reply(size));
      } else if (kind < 28) {
        add(script, "n" + number + std::string(size, 'v'), "n" + number);
      } else if (kind < 32) {
        add(script, "l" + number, sized_reply(lent_size(size)));
      } else if (kind < 35) {
        add(script, "w" + number, "woken\n");
      } else if (kind < 37) {
        add(script, "p" + number, "woken\n");
        has_pause = true;
      } else if (kind == 37) {
        add(script, "q" + number + std::string(below(random_, 50'000), 'y'), "bye\n");
        goes_on = false;
        script.sends_at_once = true;
      } else if (kind == 38) {
        add(script, below(random_, 2) == 0 ? "x\n" : "k\n", "");
        goes_on = false;
        script.has_reason = true;
      }
    }
    // Who ends while it is held up is not waited for.
    script.ends = !has_pause && below(random_, 2) == 0;
    script.has_last_words = below(random_, 2) == 0;
    draw_habits(script, is_greedy ? 2 : below(random_, 8));
    return script;
  }

  static std::size_t lent_size(std::size_t size) { return size % 50'000; }

 private:
  static void add(Script& script, std::string request, const std::string& reply) {
    script.requests.push_back(std::move(request));
    script.expected += reply;
  }

  Duration draw_time(std::size_t most_ms) { return Duration(below(random_, most_ms)); }

  void draw_habits(Script& script, std::size_t kind) {
    // A thousand reads are enough of one run.
    const std::size_t least = 1 + script.expected.size() / 1000;
    script.habits.read_size_max = std::max(least, draw_size(random_, 65'536));
    script.habits.window_size =
        std::max(least, draw_size(random_, std::min<std::size_t>(script.habits.read_size_max * 200, 65'536)));
    script.sends_at_once = script.sends_at_once || below(random_, 2) == 0;
    switch (kind) {
      case 0:
        script.resets_after = draw_time(3000);
        script.has_reason = true;
        break;
      case 1:
        script.deaf_from = draw_time(3000);
        script.has_reason = true;
        break;
      case 2:
        script.deaf_from = draw_time(below(random_, 2) == 0 ? 1 : 2000);
        script.deaf_to = *script.deaf_from + draw_time(50'000);
        script.sends_at_once = true;
        break;
      case 3:
        script.habits = {.window_size = 60'000, .read_size_max = 50'000, .read_pause = draw_time(100)};
        script.sends_at_once = true;
        break;
      default:
        break;
    }
  }

  SplitMix64& random_;
};

/// All that the handlers of a run share.
struct Scene {
  SimulatedClock& clock;
  SimulatedLoop& loop;
  Verdict& verdict;
  TextLender lender;
  std::vector<std::unique_ptr<std::string>> texts;  // that were lent
  int live_count = 0;
  SteadyTime woken_at{};
};

/// The handler of one peer.
class Witness : public Handler {
 public:
  Witness(Script& script, Scene& scene, Duration idle_timeout)
      : script_(script), scene_(scene), idle_timeout_(idle_timeout), state_(std::make_shared<State>()) {
    ++scene_.live_count;
    script_.is_served = true;
  }
  ~Witness() override {
    --scene_.live_count;
    script_.is_served = false;
  }

  // Once somebody wakes it for nothing.
  void attach(std::shared_ptr<Waker> waker) override {
    state_->waker = std::move(waker);
    scene_.loop.at(scene_.woken_at, [state = state_] { state->wake(); });
  }

  void announced(Bytes input) override {
    check(!is_closed_, "told of input after its end");
    check(input == expected_input(input.size()), "other bytes announced than were sent");
  }

  Progress advance(Bytes input, const Now& now, Output& output) override {
    check(!is_closed_, "called after its end");
    check(!output.full(), "called while its output is full");
    check(now.steady == scene_.clock.now().steady, "called with a time that is not the turn's");
    check(input == expected_input(input.size()), "shown other bytes than were sent, or not in order");
    check(input.size() <= last_.input_size_min + input_size_slack, "more input held than it asked for");
    const bool may_be_called =
        last_.wait == Wait::output || (last_.wait == Wait::input && input.size() >= last_.input_size_min);
    if (!may_be_called) check(state_->wake_count-- > 0, "called before what it waits for");
    last_ = {};
    while (last_.wait == Wait::input && last_.input_size_min == 0) {
      if (output.full()) {
        last_.wait = Wait::output;
      } else if (!answer(input.substr(last_.consumed), now, output)) {
        break;
      }
    }
    consumed_size_ += last_.consumed;
    is_closed_ = last_.wait == Wait::close;
    return last_;
  }

  void closing(Output& output) override {
    check(!is_closed_, "told to close after its end");
    is_closed_ = true;
    if (script_.has_last_words) reply(last_words, output);
  }

  [[nodiscard]] Duration idle_timeout() const override { return idle_timeout_; }

 private:
  // Where it is reached from timed events, which may come when it is gone.
  struct State {
    void wake() {
      ++wake_count;
      waker->wake();
    }
    std::shared_ptr<Waker> waker;
    int wake_count = 0;  // that were not the reason of a call yet
  };
  // One receive before, and two that nobody wanted any more.
  static constexpr std::size_t input_size_slack = std::size_t{192} << 10;

  void check(bool holds, const char* what) { scene_.verdict.check(holds, what); }
  [[nodiscard]] Bytes expected_input(std::size_t size) const {
    return consumed_size_ > script_.peer->sent().size()
               ? Bytes()
               : Bytes(script_.peer->sent()).substr(consumed_size_, size);
  }

  void reply(Bytes bytes, Output& output) {
    output.append(bytes);
    script_.produced += bytes;
  }

  /// One request, or what there is of it. False: no more can be done now.
  bool answer(Bytes input, const Now& now, Output& output) {
    const std::size_t end = input.find('\n');
    if (end == Bytes::npos) return false;
    const Bytes line = input.substr(0, end + 1);
    const auto size = static_cast<std::size_t>(parse_uint64(line.substr(1, end - 1)).value_or(0));
    std::size_t request_size = line.size();
    switch (line.front()) {
      case 'e':
        reply(line, output);
        break;
      case 's':
        reply(sized_reply(size), output);
        break;
      case 'n':
        request_size += size;
        if (input.size() < request_size) {
          last_.input_size_min = request_size;
          return false;
        }
        reply(line, output);
        break;
      case 'l': {
        const std::string whole = sized_reply(ScriptSource::lent_size(size));
        scene_.texts.push_back(std::make_unique<std::string>(whole));
        output.append(scene_.lender.lend(*scene_.texts.back()));
        script_.produced += whole;
        break;
      }
      case 'w':
      case 'p':
        if (!wakes_at_) {
          wakes_at_ = now.steady + Duration(size % 3000);
          scene_.loop.at(*wakes_at_, [state = state_] { state->wake(); });
        }
        if (now.steady < *wakes_at_) {
          last_.wait = line.front() == 'w' ? Wait::wake : Wait::pause;
          return false;
        }
        wakes_at_.reset();
        reply("woken\n", output);
        break;
      case 'q':
        reply("bye\n", output);
        last_.consumed += input.size();
        last_.wait = Wait::close;
        return false;
      case 'k':
        state_->waker->close();
        script_.is_closed = true;
        break;
      default:
        is_closed_ = true;
        throw std::bad_alloc();
    }
    last_.consumed += request_size;
    return true;
  }

  Script& script_;
  Scene& scene_;
  Duration idle_timeout_;
  std::shared_ptr<State> state_;
  std::optional<SteadyTime> wakes_at_;
  Progress last_;
  std::size_t consumed_size_ = 0;
  bool is_closed_ = false;
};

/// Some peers on one loop.
template <class Loop, class ItsHandler>
class SimulatedRun final {
 public:
  explicit SimulatedRun(std::uint64_t seed)
      : random_(seed),
        loop_(random_, clock_, {.limits = {}, .clock = nullptr, .observer = &observer_}, draw_weather()) {}

  /// To the end.
  std::optional<std::string> go() {
    ScriptSource source(random_);
    for (std::size_t count = 1 + below(random_, 6); count > 0; --count) {
      scripts_.push_back(std::make_unique<Script>(source.draw()));
    }
    loop_.listen(Socket(), [&](Socket socket) {
      const auto script =
          std::ranges::find(scripts_, &loop_.accepted_peer(), [](const auto& it) { return it->peer; });
      loop_.adopt(std::move(socket), std::make_unique<ItsHandler>(**script, scene_, idle_timeout_));
    });
    const bool takes_its_time = idle_timeout_ == Duration(0) && below(random_, 4) == 0;
    for (const auto& script : scripts_) play(*script, Duration(takes_its_time ? 100'000 : 5000));
    const bool ends_early = below(random_, 3) == 0;
    const Duration end(ends_early ? below(random_, 8000) : 3'600'000);
    scene_.woken_at =
        clock_.now().steady + (below(random_, 2) == 0 ? end - Duration(1) : Duration(below(random_, 8000)));
    loop_.after(Duration(3'599'000), [this] { check_who_is_at_rest(); });
    loop_.after(end, [this] { loop_.shut_down(Duration(200'000)); });
    if (const auto ended = loop_.run(); !ended) return ended.error().message;
    for (const auto& script : scripts_) {
      if (script->deaf_to) script->peer->go_on_reading();  // its time may be after the end
    }
    loop_.let_peers_finish();
    for (const auto& script : scripts_) check(*script, ends_early);
    check_what_is_left();
    return verdict_.failure;
  }

 private:
  SimulationOptions draw_weather() {
    return {.completes = below(random_, 2) == 0,
            .step_max = Duration(below(random_, 5)),
            .luck = 1 + below(random_, 5),
            .accept_error = below(random_, 4) == 0 ? EMFILE : 0};
  }

  void play(Script& script, Duration pause_max) {
    SimulatedPeer& peer = loop_.connect(script.habits);
    script.peer = &peer;
    Duration time{0};
    for (const std::string& request : script.requests) {
      if (!script.sends_at_once)
        time += Duration(below(random_, static_cast<std::size_t>(pause_max.count())));
      loop_.after(time, [&] { peer.send(request); });
    }
    if (script.ends) loop_.after(time, [&] { peer.end_sending(); });
    if (script.resets_after) loop_.after(*script.resets_after, [&] { peer.reset(); });
    if (script.deaf_from) loop_.after(*script.deaf_from, [&] { peer.stop_reading(); });
    if (script.deaf_to) loop_.after(*script.deaf_to, [&] { peer.go_on_reading(); });
  }

  void check_who_is_at_rest() {
    verdict_.check(observer_.buffer_size == 0, "who is at rest holds a buffer");
    for (const auto& script : scripts_) {
      verdict_.check(!script->is_closed || !script->is_served, "a connection was closed and is there");
    }
  }

  void check(const Script& script, bool ended_early) {
    const SimulatedPeer& peer = *script.peer;
    Bytes answered = script.produced;
    if (answered.ends_with(last_words)) answered.remove_suffix(last_words.size());
    verdict_.check(script.expected.starts_with(answered), "a handler answered something else");
    verdict_.check(script.produced.starts_with(peer.received()), "a peer received what it was not owed");
    if (script.has_reason) return;
    verdict_.check(peer.received().size() == script.produced.size(),
                   "a peer did not receive what was answered");
    verdict_.check(peer.ending() != SimulatedPeer::Ending::none, "a peer saw no end");
    if (ended_early) return;
    const bool ends_by_itself = script.ends && idle_timeout_ == Duration(0);
    verdict_.check(!ends_by_itself || answered == script.produced, "last words to who ended by itself");
    verdict_.check(peer.ending() == SimulatedPeer::Ending::plain, "a peer was reset");
    verdict_.check(answered.size() == script.expected.size(), "a request was not answered");
  }

  void check_what_is_left() {
    const bool any_deaf = std::ranges::any_of(
        scripts_, [](const auto& script) { return script->deaf_from && !script->deaf_to; });
    verdict_.check(any_deaf || observer_.slow_readers_closed == 0, "closed as a slow reader, but is none");
    verdict_.check(scene_.live_count == 0, "a handler is left");
    verdict_.check(scene_.lender.lent_count == 0, "a loan is left");
    verdict_.check(observer_.buffer_size == 0, "the figure of buffers is not 0 in the end");
    verdict_.check(observer_.opened == observer_.closed, "more were opened than closed, or fewer");
    verdict_.check(loop_.connection_count() == 0, "a connection is left");
  }

  SplitMix64 random_;
  SimulatedClock clock_;
  RecordingObserver observer_;
  Verdict verdict_;
  std::vector<std::unique_ptr<Script>> scripts_;
  Scene scene_{.clock = clock_, .loop = loop_, .verdict = verdict_, .lender = {}, .texts = {}};
  const Duration idle_timeout_{below(random_, 3) == 0 ? 30'000 : 0};
  Loop loop_;  // last: a run that failed leaves handlers to it
};

/// What was wrong first, if anything was.
template <class Loop = SimulatedLoop, class ItsHandler = Witness>
std::optional<std::string> run(std::uint64_t seed) {
  return SimulatedRun<Loop, ItsHandler>(seed).go();
}

}  // namespace larder::transport
