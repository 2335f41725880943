// transport/connection_test_support.h: a connection without a socket, and a handler that does as it is told.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/sizes.h"
#include "transport/connection.h"

namespace larder::transport {

using Reaction = std::function<Progress(Bytes input, Output& output)>;

struct Record {
  std::size_t held_size = 0;
  std::vector<std::string> inputs;
  std::vector<std::string> announced;
  Duration idle_timeout{0};
  bool is_stranger = false;
  std::string last_words;
  std::size_t closing_count = 0;
  bool fails_at_the_end = false;
};

class ScriptedHandler final : public Handler {
 public:
  ScriptedHandler(Reaction script, Record& record) : script_(std::move(script)), record_(record) {}
  Progress advance(Bytes input, const Now& /*now*/, Output& output) override {
    record_.inputs.emplace_back(input.substr(0, 100));
    return script_(input, output);
  }
  void announced(Bytes input) override { record_.announced.emplace_back(input); }
  void closing(Output& output) override {
    if (record_.fails_at_the_end) throw std::bad_alloc();
    ++record_.closing_count;
    output.append(record_.last_words);
  }
  std::size_t held_size() const override { return record_.held_size; }
  Duration idle_timeout() const override { return record_.idle_timeout; }
  bool is_stranger() const override { return record_.is_stranger; }

 private:
  Reaction script_;
  Record& record_;
};

/// Answers each line with itself.
inline Progress echo_whole_lines(Bytes input, Output& output) {
  const std::size_t end = input.rfind('\n');
  const std::size_t size = end == Bytes::npos ? 0 : end + 1;
  output.append(input.substr(0, size));
  return {size, Wait::input, 0};
}

class ConnectionTest : public testing::Test {
 protected:
  Connection make(Reaction script) {
    return {std::make_unique<ScriptedHandler>(std::move(script), record_), limits_, spare_outputs_, now_};
  }
  void pass(Duration time) {
    now_.steady += time;
    now_.wall += time;
  }
  /// The peer takes all that is pending.
  std::string take_all(Connection& connection) {
    std::string taken(connection.owed().text());
    connection.sent(taken.size(), now_);
    return taken;
  }
  /// All is sent, and the socket's write side is shut.
  void shut(Connection& connection) {
    ASSERT_TRUE(connection.must_shut_write_side());
    connection.write_side_shut(now_);
  }

  ConnectionLimits limits_{.output_size_max = 4 * mib, .output_time_max = std::chrono::seconds{60}};
  SpareOutputs spare_outputs_;
  Now now_{TimePoint{std::chrono::seconds{1'000'000}}, SteadyTime{std::chrono::seconds{1000}}};
  Record record_;
};

}  // namespace larder::transport
