// program/stop_signals.h: SIGTERM, SIGINT and SIGHUP as something to wait for.
//
//   main                          workers
//    |  StopSignals stop;            .          blocks both signals; threads started from here inherit that
//    |  ---------------------------> run
//    |  stop.wait()  <-- SIGTERM
//    |  workers.shut_down(grace)
//    |  stop.wait()  <------------- stop.notify() when the last worker is done, or a second signal: hurry
//
// The signals are read from a signalfd(2), so that no code of ours ever runs inside a signal handler.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/result.h"

namespace larder::program {

/// Takes the process's SIGTERM, SIGINT and, if it is asked to, SIGHUP, and ignores SIGPIPE, for as long as
/// the process lives.
///
/// Threads    made by the main thread before any other is started; wait() from one thread, notify() from any
/// Errors     make() fails if descriptors are used up
class StopSignals final {
 public:
  enum class Event : std::uint8_t { stop_signal, hangup, notified };
  enum class Hangup : std::uint8_t { ends, is_told };

  /// Whether SIGHUP, which a terminal sends when it goes, ends the process as usual or is told: daemons read
  /// their files again for it.
  [[nodiscard]] static Result<StopSignals> make(Hangup hangup = Hangup::ends);
  StopSignals(StopSignals&& other) noexcept;
  StopSignals& operator=(StopSignals&&) = delete;
  ~StopSignals();

  /// Blocks until the next signal or notification. Each signal is told once; notifications that came
  /// together are told as one, and before a signal.
  Event wait();

  /// The same, but for no longer than `limit`: nullopt when that has passed.
  std::optional<Event> wait_for(Duration limit);

  /// Lets wait() return.
  void notify();

 private:
  StopSignals(int signal_descriptor, int notify_descriptor)
      : signal_descriptor_(signal_descriptor), notify_descriptor_(notify_descriptor) {}

  std::optional<Event> poll_for(int limit_ms);

  int signal_descriptor_;
  int notify_descriptor_;
};

}  // namespace larder::program
