// RESP sessions over one small cache, under a seed's weather. Method: clients on a simulated loop send
// pipelines that arrive in any cut, among each other's, with transactions, large values, pauses, monitors and
// kills; some reset in the middle. Each reply must be whole and the one that its command may get:
//
//   a value     one that was written whole, under that key: it names its key, version and size
//   a pair      two keys that are only ever written together: never two versions in one look
//   EXEC        never succeeds twice on the same version of a watched key
//
// In the end every command of who gave no reason has its reply, and no client, buffer or loan is left.
// Sessions with planted mistakes must be found. The first seed is printed; LARDER_SEED=N replays one.
#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <functional>
#include <gtest/gtest.h>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/test_seed.h"
#include "protocol/resp/command_encoder.h"
#include "protocol/resp/reply_decoder.h"
#include "server/dialects.h"
#include "server/session_handler.h"
#include "session/session_test_support.h"
#include "transport/simulated_loop.h"

namespace larder::server {
namespace {

using protocol::Reply;
using transport::below;
using transport::SimulatedPeer;
using Outcome = std::optional<std::string>;
using Kind = Reply::Kind;

/// What all clients of a run know.
struct Shared {
  SplitMix64& random;
  transport::SimulatedLoop& loop;
  std::optional<std::string> failure{};
  std::uint64_t version = 0;           // given out last
  std::set<std::string> superseded{};  // values of the pair on which an EXEC has succeeded
  std::set<std::uint64_t> killed_ids{};
  std::size_t client_count = 0;

  void check(bool holds, const std::string& what) {
    if (!holds && !failure) failure = what;
  }
};

std::string value_of(Bytes key, std::uint64_t version, std::size_t size) {
  std::string value = std::string(key) + ":" + std::to_string(version) + ":" + std::to_string(size) + ":";
  for (std::size_t i = 0; i < size; ++i) value += static_cast<char>('a' + (i / 3 + i * version) % 26);
  return value;
}

/// Whether somebody can have written it there.
bool is_whole(Bytes key, Bytes value, std::uint64_t version_max) {
  const std::size_t first = value.find(':');
  const std::size_t second = value.find(':', first + 1);
  const std::size_t third = value.find(':', second + 1);
  if (third == Bytes::npos) return false;
  std::uint64_t version = 0;
  std::size_t size = 0;
  std::from_chars(value.data() + first + 1, value.data() + second, version);
  std::from_chars(value.data() + second + 1, value.data() + third, size);
  return version <= version_max && size <= value.size() && value == value_of(key, version, size);
}

/// One client: sends some commands, waits for their replies, sends the next.
class SimulatedClient final {
 public:
  SimulatedClient(Shared& shared, SimulatedPeer& peer)
      : shared_(shared), peer_(peer), steps_left_(5 + below(shared.random, 20)) {
    peer_.on_progress = [this] { progress(); };
    shared_.loop.after(Duration(below(shared_.random, 500)), [this] { begin(); });
    if (below(shared_.random, 5) == 0) {
      shared_.loop.after(Duration(below(shared_.random, 800)), [this] { peer_.reset(); });
    }
    if (below(shared_.random, 5) == 0) {
      shared_.loop.after(Duration(below(shared_.random, 500)), [this] { peer_.stop_reading(); });
      shared_.loop.after(Duration(500 + below(shared_.random, 20'000)), [this] { peer_.go_on_reading(); });
    }
  }

  [[nodiscard]] const SimulatedPeer& peer() const { return peer_; }
  std::uint64_t id = 0;  // of its connection; 0: not accepted yet

  void check_end() {
    if (peer_.has_reset() || shared_.killed_ids.contains(id)) return;
    shared_.check(expected_.empty() && steps_left_ == 0, "a command has no reply");
    shared_.check(decoder_.idle(), "half a reply at the end");
    shared_.check(peer_.ending() == SimulatedPeer::Ending::plain, "no plain end");
  }

 private:
  using Check = std::function<bool(const Reply& reply)>;

  void ask(std::initializer_list<Bytes> words, Check check) {
    protocol::append_command(to_send_, words);
    expected_.push_back({.command = std::string(*words.begin()), .check = std::move(check)});
  }
  static bool is_ok(const Reply& reply) { return reply.kind == Kind::simple_string && reply.text == "OK"; }
  static bool is_queued(const Reply& reply) { return reply.text == "QUEUED"; }
  static bool is_good(const Reply& reply) { return !reply.is_error(); }
  [[nodiscard]] Check is_value_of(std::string key) const {
    return [this, key = std::move(key)](const Reply& reply) {
      return reply.is_null() || (reply.kind == Kind::bulk && is_whole(key, reply.text, shared_.version));
    };
  }
  /// Both of the pair, in one look: any of them may be gone.
  static bool is_one_version(const Reply& one, const Reply& other) {
    return one.is_null() || other.is_null() || one.text == other.text;
  }

  void begin() {
    if (below(shared_.random, 2) == 0) ask({"HELLO", "3"}, is_good);
    send_more();
  }

  void send_more() {
    for (std::size_t count = 1 + below(shared_.random, 8); count > 0 && steps_left_ > 0; --count) {
      if (!step()) break;
    }
    peer_.send(std::exchange(to_send_, {}));
  }

  /// False: the next commands depend on the replies to these.
  bool step() {
    SplitMix64& random = shared_.random;
    --steps_left_;
    const std::string key = "k" + std::to_string(below(random, 6));
    const std::string text = std::to_string(random.next());
    switch (below(random, 24)) {
      case 0:
      case 1:
      case 2:
      case 3:
        ask({"SET", key, value_of(key, ++shared_.version, transport::draw_size(random, 100'000))}, is_ok);
        return true;
      case 4:
        ask({"SET", key, value_of(key, ++shared_.version, below(random, 500)), "PX", "40"}, is_ok);
        return true;
      case 5:
      case 6:
      case 7:
      case 8:
        ask({"GET", key}, is_value_of(key));
        return true;
      case 9:
        ask({"GETDEL", key}, is_value_of(key));
        return true;
      case 10:
        ask({"ECHO", text}, [text](const Reply& reply) { return reply.text == text; });
        return true;
      case 11:
        ask({"MGET", "{p}1", "{p}2"}, [](const Reply& reply) {
          return reply.elements.size() == 2 && is_one_version(reply.elements[0], reply.elements[1]);
        });
        return true;
      case 12:
        ask({"MULTI"}, is_ok);
        ask({"GET", "{p}1"}, is_queued);
        ask({"ECHO", "between"}, is_queued);
        ask({"GET", "{p}2"}, is_queued);
        ask({"EXEC"}, [](const Reply& reply) {
          return reply.elements.size() == 3 && is_one_version(reply.elements[0], reply.elements[2]);
        });
        return true;
      case 13:
        ask({"MULTI"}, is_ok);
        ask({"INCR", "{n}1"}, is_queued);
        ask({"INCR", "{n}2"}, is_queued);
        ask({"EXEC"}, [](const Reply& reply) {
          return reply.elements.size() == 2 && reply.elements[0].kind == Kind::integer &&
                 reply.elements[0].integer == reply.elements[1].integer;
        });
        return true;
      case 14:
        ask({"MULTI"}, is_ok);
        ask({"SET", key, "never"}, is_queued);
        ask({"DISCARD"}, is_ok);
        return true;
      case 15:
        ask({"KEYS", "k*"},
            [](const Reply& reply) { return reply.kind == Kind::array && reply.elements.size() <= 6; });
        return true;
      case 16:
        return be_special(text);
      default:
        watch();
        return false;
    }
  }

  bool be_special(const std::string& text) {
    SplitMix64& random = shared_.random;
    const std::uint64_t victim = 1 + below(random, shared_.client_count);
    switch (below(random, 7)) {
      case 0:
        shared_.killed_ids.insert(victim);
        ask({"CLIENT", "KILL", "ID", std::to_string(victim)},
            [](const Reply& reply) { return reply.kind == Kind::integer && reply.integer <= 1; });
        return true;
      case 1:
        ask({"CLIENT", "PAUSE", std::to_string(below(random, 400)), below(random, 2) == 0 ? "WRITE" : "ALL"},
            is_ok);
        return true;
      case 2:
        ask({"CLIENT", "UNPAUSE"}, is_ok);
        return true;
      case 3:
        ask({"DEBUG", "SLEEP", "0.05"}, is_ok);
        return true;
      case 4:
        ask({"NOSUCH", text}, [](const Reply& reply) { return reply.is_error(); });
        return true;
      case 5:
        ask({"QUIT"}, is_ok);
        steps_left_ = 0;
        return false;
      default:
        ask({"MONITOR"}, is_ok);
        steps_left_ = 0;
        monitors_ = true;
        return false;
    }
  }

  // One optimistic change of the pair.
  void watch() {
    ask({"WATCH", "{p}1"}, is_good);
    ask({"GET", "{p}1"}, [this](const Reply& reply) {
      before_ = reply.text;
      const std::string value = std::to_string(++shared_.version);
      ask({"MULTI"}, is_ok);
      ask({"SET", "{p}1", value}, is_queued);
      ask({"SET", "{p}2", value}, is_queued);
      ask({"EXEC"}, [this](const Reply& result) {
        if (result.is_null() || before_.empty()) return true;
        return shared_.superseded.insert(before_).second;
      });
      return true;
    });
  }

  void progress() {
    Bytes rest = Bytes(peer_.received()).substr(decoded_size_);
    while (!rest.empty()) {
      const auto reply = decoder_.next(rest);
      if (!reply) return shared_.check(false, "no reply: " + reply.error().message);
      decoded_size_ += decoder_.consumed();
      rest.remove_prefix(decoder_.consumed());
      if (!*reply) break;
      take(**reply);
    }
    if (!to_send_.empty()) peer_.send(std::exchange(to_send_, {}));
    if (!expected_.empty()) return;
    if (steps_left_ > 0) return send_more();
    if (!monitors_) peer_.end_sending();
  }

  void take(const Reply& reply) {
    if (expected_.empty()) {
      const bool is_line = monitors_ && reply.kind == Kind::simple_string && reply.text.ends_with('"');
      return shared_.check(is_line, "a reply that nobody asked for: " + reply.text.substr(0, 100));
    }
    const Expected expected = std::move(expected_.front());
    expected_.pop_front();
    shared_.check(expected.check(reply), "to " + expected.command + ": " + reply.text.substr(0, 100));
  }

  struct Expected {
    std::string command;
    Check check;
  };

  Shared& shared_;
  SimulatedPeer& peer_;
  std::size_t steps_left_;
  std::string to_send_;
  std::deque<Expected> expected_;
  protocol::ReplyDecoder decoder_;
  std::size_t decoded_size_ = 0;
  std::string before_;  // the pair's value that was watched
  bool monitors_ = false;
};

/// Adds up what the loop says of buffers.
struct Observer final : transport::LoopObserver {
  void on_buffers_resized(std::size_t size_before, std::size_t size) override {
    buffer_size += size - size_before;
  }
  void on_slow_reader_closed() override { ++slow_reader_count; }
  std::size_t buffer_size = 0;
  std::size_t slow_reader_count = 0;
};

template <class Loop = transport::SimulatedLoop, class ItsHandler = SessionHandler>
Outcome run(std::uint64_t seed) {
  SplitMix64 random(seed);
  transport::SimulatedClock clock;
  Observer observer;
  constexpr std::array<Bytes, 2> backends{"segment", "lru"};
  session::World world(std::size_t{4} << 20, backends[below(random, 2)], 1 + below(random, 2));
  {
    Loop loop(random, clock, {.limits = {}, .clock = nullptr, .observer = &observer},
              {.completes = below(random, 2) == 0, .luck = 1 + below(random, 4)});
    Shared shared{.random = random, .loop = loop};
    shared.client_count = 2 + below(random, 8);
    std::vector<std::unique_ptr<SimulatedClient>> clients;
    loop.listen(transport::Socket(), [&, id = std::uint64_t{0}](transport::Socket socket) mutable {
      ++id;
      for (const auto& client : clients) {
        if (&client->peer() == &loop.accepted_peer()) client->id = id;
      }
      const session::ConnectionFacts facts{.id = id, .address = "simulated", .accepted_at = clock.now().wall};
      loop.adopt(std::move(socket),
                 std::make_unique<ItsHandler>(find_dialect("resp")->make_session(world.environment, facts),
                                              world.service.settings));
    });
    for (std::size_t i = 0; i < shared.client_count; ++i) {
      const std::size_t size = 100 + transport::draw_size(random, 65'536);
      SimulatedPeer& peer = loop.connect({.window_size = size, .read_size_max = size});
      clients.push_back(std::make_unique<SimulatedClient>(shared, peer));
    }
    loop.every(Duration(100), [&](const Now& now) {
      world.service.clients.tick(now.wall);
      world.cache->sweep(now.wall, 64);
    });
    loop.after(Duration(60'000), [&] {
      shared.check(observer.buffer_size == 0, "who is at rest holds a buffer");
      loop.shut_down(Duration(10'000));
    });
    if (const auto ended = loop.run(); !ended) return ended.error().message;
    loop.let_peers_finish();
    for (const auto& client : clients) client->check_end();
    shared.check(world.service.clients.all().empty(), "a client is left");
    shared.check(!world.service.clients.anybody_monitors(), "a monitor is left");
    shared.check(observer.buffer_size == 0, "a buffer is left");
    shared.check(observer.slow_reader_count == 0, "a slow reader, but nobody is");
    if (shared.failure) return shared.failure;
  }
  return std::nullopt;
}

TEST(SimulatedSessions, AnswerEveryCommandWithWhatIsTrue) {
  for (const std::uint64_t seed : test_seeds(200)) {
    ASSERT_EQ(run(seed), Outcome()) << "LARDER_SEED=" << seed;
  }
}

// ---- Planted mistakes

class LosesAByte : public transport::SimulatedLoop {
 public:
  using SimulatedLoop::SimulatedLoop;
  void tell_sent(NearEnd& end, std::size_t size, std::size_t offered_size) override {
    SimulatedLoop::tell_sent(end, size < offered_size ? size + 1 : size, offered_size);
  }
};

/// A session that hears one word for another of the same length, every second time.
template <class Words>
class Mishears : public transport::Handler {
 public:
  Mishears(std::unique_ptr<session::Session> session, const session::Settings& settings)
      : handler_(std::move(session), settings) {}
  void attach(std::shared_ptr<transport::Waker> waker) override { handler_.attach(std::move(waker)); }
  Progress advance(Bytes input, const Now& now, Output& output) override {
    if (++call_count_ % 2 == 0) return handler_.advance(input, now, output);
    std::string heard(input);
    for (std::size_t at = 0; (at = heard.find(Words::said, at)) != std::string::npos;) {
      heard.replace(at, Words::heard.size(), Words::heard);
    }
    return handler_.advance(heard, now, output);
  }
  [[nodiscard]] std::size_t held_size() const override { return handler_.held_size(); }

 private:
  SessionHandler handler_;
  std::size_t call_count_ = 0;
};

struct WatchesNothing {
  static constexpr Bytes said = "WATCH";
  static constexpr Bytes heard = "TOUCH";
};
struct WritesOneOfThePairAlone {
  static constexpr Bytes said = "SET\r\n$4\r\n{p}2";
  static constexpr Bytes heard = "SET\r\n$4\r\n{q}2";
};
struct CountsOneTwice {
  static constexpr Bytes said = "INCR\r\n$4\r\n{n}2";
  static constexpr Bytes heard = "INCR\r\n$4\r\n{n}1";
};
struct ReadsAnotherKey {
  static constexpr Bytes said = "GET\r\n$2\r\nk1";
  static constexpr Bytes heard = "GET\r\n$2\r\nk2";
};

template <class Loop, class ItsHandler>
bool is_found(std::uint64_t seed) {
  for (const std::uint64_t end = seed + 1000; seed < end; ++seed) {
    if (run<Loop, ItsHandler>(seed)) return true;
  }
  return false;
}

TEST(SimulatedSessions, FindPlantedMistakes) {
  using Loop = transport::SimulatedLoop;
  const std::uint64_t seed = test_seed();
  EXPECT_TRUE((is_found<LosesAByte, SessionHandler>(seed)));
  EXPECT_TRUE((is_found<Loop, Mishears<WatchesNothing>>(seed)));
  EXPECT_TRUE((is_found<Loop, Mishears<WritesOneOfThePairAlone>>(seed)));
  EXPECT_TRUE((is_found<Loop, Mishears<CountsOneTwice>>(seed)));
  EXPECT_TRUE((is_found<Loop, Mishears<ReadsAnotherKey>>(seed)));
}

}  // namespace
}  // namespace larder::server
