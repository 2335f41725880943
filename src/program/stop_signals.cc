#include "program/stop_signals.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/assert.h"

namespace larder::program {
namespace {

std::unexpected<Error> unavailable(int error_number) {
  return failure(ErrorKind::overloaded,
                 "cannot wait for signals: " + std::generic_category().message(error_number));
}

}  // namespace

Result<StopSignals> StopSignals::make(Hangup hangup) {
  // A shell starts background jobs with SIGINT ignored, and an ignored signal never reaches a signalfd.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (hangup == Hangup::is_told) sigaddset(&signals, SIGHUP);
  if (const int error_number = pthread_sigmask(SIG_BLOCK, &signals, nullptr); error_number != 0) {
    return unavailable(error_number);
  }
  const int signal_descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signal_descriptor < 0) return unavailable(errno);
  const int notify_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (notify_descriptor < 0) {
    const int error_number = errno;
    close(signal_descriptor);
    return unavailable(error_number);
  }
  return StopSignals(signal_descriptor, notify_descriptor);
}

StopSignals::StopSignals(StopSignals&& other) noexcept
    : signal_descriptor_(std::exchange(other.signal_descriptor_, -1)),
      notify_descriptor_(std::exchange(other.notify_descriptor_, -1)) {}

StopSignals::~StopSignals() {
  if (signal_descriptor_ >= 0) close(signal_descriptor_);
  if (notify_descriptor_ >= 0) close(notify_descriptor_);
}

StopSignals::Event StopSignals::wait() {
  for (;;) {
    if (const std::optional<Event> event = poll_for(-1)) return *event;
  }
}

std::optional<StopSignals::Event> StopSignals::wait_for(Duration limit) {
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + limit;
  for (;;) {
    // Rounded up: a wait that ends early would be one more turn.
    const Duration left = std::chrono::ceil<Duration>(end - steady_clock::now());
    constexpr Duration longest{60'000};
    if (const auto event = poll_for(static_cast<int>(std::clamp(left, Duration{0}, longest).count())))
      return event;
    if (steady_clock::now() >= end) return std::nullopt;
  }
}

// nullopt: the time has passed, or it was a false alarm.
std::optional<StopSignals::Event> StopSignals::poll_for(int limit_ms) {
  std::array<pollfd, 2> waiting{pollfd{.fd = notify_descriptor_, .events = POLLIN, .revents = 0},
                                pollfd{.fd = signal_descriptor_, .events = POLLIN, .revents = 0}};
  if (poll(waiting.data(), waiting.size(), limit_ms) < 0) {
    LARDER_ASSERT(errno == EINTR || errno == EAGAIN || errno == ENOMEM);
    return std::nullopt;
  }
  std::uint64_t count = 0;
  if (read(notify_descriptor_, &count, sizeof count) == static_cast<ssize_t>(sizeof count))
    return Event::notified;
  signalfd_siginfo info;
  if (read(signal_descriptor_, &info, sizeof info) == static_cast<ssize_t>(sizeof info))
    return info.ssi_signo == SIGHUP ? Event::hangup : Event::stop_signal;
  return std::nullopt;
}

void StopSignals::notify() {
  // Fails only when 2^64 notifications have not been told yet, and then wait() returns anyway.
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(notify_descriptor_, &one, sizeof one);
}

}  // namespace larder::program
