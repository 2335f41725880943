// A session behind the transport's interface. Method: a session that records what it is called with.
#include "server/session_handler.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::server {
namespace {

class RecordingSession final : public session::Session {
 public:
  explicit RecordingSession(Duration idle_timeout) : idle_timeout_(idle_timeout) {}
  Progress advance(Bytes input, TimePoint now, Output& output) override {
    output.append(std::string(input) + "@" + std::to_string(now.time_since_epoch().count()));
    return {.consumed = input.size(), .wait = Wait::close};
  }
  void closing(Output& output) override { output.append("bye"); }
  [[nodiscard]] Duration idle_timeout() const override { return idle_timeout_; }

 private:
  Duration idle_timeout_;
};

// The last one made stays: a handler refers to it.
const session::Settings& settings_of(std::int64_t idle_timeout_ms) {
  static session::Settings settings;
  settings.idle_timeout_ms = idle_timeout_ms;
  return settings;
}

TEST(SessionHandler, HandsOnBytesAndWallTime) {
  SessionHandler handler(std::make_unique<RecordingSession>(Duration{0}), settings_of(0));
  Output output;
  const Progress progress =
      handler.advance("abc", {.wall = TimePoint{Duration{7}}, .steady = SteadyTime{}}, output);
  EXPECT_EQ(progress.consumed, 3U);
  EXPECT_EQ(progress.wait, Wait::close);
  EXPECT_EQ(output.pending(), "abc@7");
}

TEST(SessionHandler, HandsOnTheSessionsLastWords) {
  SessionHandler handler(std::make_unique<RecordingSession>(Duration{0}), settings_of(0));
  Output output;
  handler.closing(output);
  EXPECT_EQ(output.pending(), "bye");
}

TEST(SessionHandler, IsIdleForTheShorterOfTheSessionsOwnTimeAndTheServers) {
  EXPECT_EQ(SessionHandler(std::make_unique<RecordingSession>(Duration{60}), settings_of(5)).idle_timeout(),
            Duration{5});
  EXPECT_EQ(SessionHandler(std::make_unique<RecordingSession>(Duration{60}), settings_of(90)).idle_timeout(),
            Duration{60});
  EXPECT_EQ(SessionHandler(std::make_unique<RecordingSession>(Duration{60}), settings_of(0)).idle_timeout(),
            Duration{60});
  EXPECT_EQ(SessionHandler(std::make_unique<RecordingSession>(Duration{0}), settings_of(5)).idle_timeout(),
            Duration{5});
  EXPECT_EQ(SessionHandler(std::make_unique<RecordingSession>(Duration{0}), settings_of(0)).idle_timeout(),
            Duration{0});
}

}  // namespace
}  // namespace larder::server
