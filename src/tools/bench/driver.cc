#include "tools/bench/driver.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <optional>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <system_error>
#include <utility>

#include "base/assert.h"

namespace larder::tools {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// Large enough for a value of 100 KB in few reads, small enough for the second-level cache.
constexpr std::size_t input_size = std::size_t{256} << 10;

// A batch is sent when it has this size, complete or not: it bounds what a connection may have unsent.
constexpr std::size_t output_size_max = std::size_t{256} << 10;

constexpr int event_count_max = 512;

// How often a quiet thread looks whether it shall stop.
constexpr nanoseconds wait_max = std::chrono::milliseconds{50};
constexpr nanoseconds silence_check_interval = std::chrono::milliseconds{100};

std::unexpected<Error> unavailable(const char* what) {
  return failure(ErrorKind::overloaded, std::string(what) + ": " + std::generic_category().message(errno));
}

nanoseconds processor_time() {
  timespec time{};
  LARDER_ASSERT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0);
  return std::chrono::seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

using Events = std::array<epoll_event, event_count_max>;

// Waits to the nanosecond where the kernel can (5.11); elsewhere it comes back early rather than late.
Result<std::size_t> wait_for_events(int epoll, Events& events, nanoseconds limit) {
  limit = std::clamp(limit, nanoseconds{0}, wait_max);
  const timespec time{.tv_sec = 0, .tv_nsec = limit.count()};
  int count = epoll_pwait2(epoll, events.data(), event_count_max, &time, nullptr);
  if (count < 0 && (errno == ENOSYS || errno == EPERM)) {
    const auto limit_ms = std::chrono::floor<std::chrono::milliseconds>(limit).count();
    count = epoll_wait(epoll, events.data(), event_count_max, static_cast<int>(limit_ms));
  }
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EINTR) return std::size_t{0};
  return unavailable("cannot wait for events");
}

Result<void> await(int epoll, int operation, int descriptor, std::size_t index, bool is_output_awaited) {
  epoll_event event{};
  event.events = is_output_awaited ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = index;
  if (epoll_ctl(epoll, operation, descriptor, &event) != 0)
    return unavailable("cannot wait for a connection");
  return {};
}

}  // namespace

// One run, from its start to its end.
struct Driver::Run {
  // When the requests of an open loop are due.
  class Schedule final {
   public:
    explicit Schedule(const DrivePlan& plan)
        : start_(plan.start + plan.rate_delay), end_(plan.end), rate_(plan.rate) {}

    [[nodiscard]] BenchTime time_of(std::uint64_t index) const {
      return start_ + nanoseconds{std::llround(static_cast<double>(index) / rate_ * 1e9)};
    }

    // How many are due at `now`; none from the plan's end on.
    [[nodiscard]] std::uint64_t count_at(BenchTime now) const {
      now = std::min(now, end_ - nanoseconds{1});
      if (now < start_) return 0;
      const double seconds = std::chrono::duration<double>(now - start_).count();
      return static_cast<std::uint64_t>(seconds * rate_) + 1;
    }

   private:
    BenchTime start_;
    BenchTime end_;
    double rate_;
  };

  Driver& driver;
  RequestSource& source;
  const DrivePlan& plan;
  DriveControl& control;
  std::optional<Schedule> schedule{};  // of the open loop
  DriveOutcome outcome{};
  std::uint64_t left_count = 0;    // requests that may still be sent
  std::uint64_t issued_count = 0;  // requests of the schedule that were sent
  std::size_t next_connection = 0;
  std::optional<nanoseconds> processor_start{};
  BenchTime next_silence_check{};
  bool is_sending = true;
  bool has_room = true;  // of the open loop: whatever is due could be sent

  Result<void> run();
  Result<void> serve(std::size_t index, std::uint32_t events);
  Result<void> begin_batch(std::size_t index);
  Result<void> write_requests(std::size_t index, std::size_t count);
  Result<void> send_due(BenchTime now);
  Result<void> await_output(std::size_t index, bool is_awaited);
  Result<void> check_silence(BenchTime now);
  void notice_time(BenchTime now);
  void tell() const {
    const Books& books = outcome.books;
    control.replied_count.store(books.warm_up.replied_count + books.measured.replied_count,
                                std::memory_order_relaxed);
  }

  [[nodiscard]] bool owes_nothing() const {
    return std::ranges::all_of(driver.connections_,
                               [](const BenchConnection& c) { return c.pending().empty(); });
  }
  [[nodiscard]] nanoseconds time_to_next(BenchTime now) const {
    nanoseconds time = wait_max;
    if (is_sending && schedule && has_room) time = std::min(time, schedule->time_of(issued_count) - now);
    if (is_sending && plan.end != BenchTime::max()) time = std::min(time, nanoseconds{plan.end - now});
    return time;
  }
};

Driver::Driver(std::vector<client::Stream> streams, const Workload& workload, std::size_t pending_count_max)
    : input_(input_size) {
  connections_.reserve(streams.size());
  for (client::Stream& stream : streams)
    connections_.emplace_back(std::move(stream), workload, pending_count_max);
}

Result<DriveOutcome> Driver::run(RequestSource& source, const DrivePlan& plan, DriveControl& control) {
  if (!epoll_.valid()) {
    epoll_ = transport::Socket(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll_.valid()) return unavailable("cannot make an epoll");
    for (std::size_t index = 0; index < connections_.size(); ++index) {
      const int descriptor = connections_[index].descriptor();
      if (auto added = await(epoll_.get(), EPOLL_CTL_ADD, descriptor, index, false); !added)
        return std::unexpected(added.error());
    }
  }
  Run run{.driver = *this, .source = source, .plan = plan, .control = control};
  if (plan.rate > 0) run.schedule.emplace(plan);
  run.left_count = plan.request_count_max;
  run.outcome.books.measured_from = plan.measured_from;
  const Result<void> ran = run.run();
  run.tell();
  if (!ran) return std::unexpected(ran.error());
  return std::move(run.outcome);
}

Result<void> Driver::Run::run() {
  // Timers are 50 microseconds late otherwise, and every request of a slow open loop with them.
  if (schedule) prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
  notice_time(steady_clock::now());
  if (!schedule) {
    for (std::size_t index = 0; index < driver.connections_.size(); ++index) {
      if (auto begun = begin_batch(index); !begun) return begun;
    }
  }
  Events events;
  BenchTime now = steady_clock::now();
  while (!control.is_aborted.load(std::memory_order_relaxed)) {
    // First what was due before the end, however late that is noticed.
    if (auto sent = send_due(now); !sent) return sent;
    notice_time(now);
    if (!is_sending && owes_nothing()) break;
    const Result<std::size_t> count = wait_for_events(driver.epoll_.get(), events, time_to_next(now));
    if (!count) return std::unexpected(count.error());
    for (std::size_t i = 0; i < *count; ++i) {
      if (auto served = serve(events[i].data.u64, events[i].events); !served) return served;
    }
    now = steady_clock::now();
    if (auto checked = check_silence(now); !checked) return checked;
    tell();
  }
  if (processor_start) outcome.processor_time = processor_time() - *processor_start;
  return {};
}

void Driver::Run::notice_time(BenchTime now) {
  if (!processor_start && now >= plan.measured_from) processor_start = processor_time();
  if (!is_sending) return;
  if (left_count > 0 && now < plan.end && !control.is_stopping.load(std::memory_order_relaxed)) return;
  is_sending = false;
  if (schedule) {
    const std::uint64_t due_count = schedule->count_at(now);
    outcome.overdue_count = std::min(due_count - std::min(due_count, issued_count), left_count);
  }
}

Result<void> Driver::Run::serve(std::size_t index, std::uint32_t events) {
  BenchConnection& connection = driver.connections_[index];
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    if (auto received = connection.receive(driver.input_, outcome.books); !received) return received;
    has_room = true;
  }
  if ((events & EPOLLOUT) != 0 && !connection.is_flushed()) {
    if (auto flushed = connection.flush(); !flushed) return flushed;
  }
  if (!connection.is_flushed()) return {};
  if (connection.is_output_awaited) {
    if (auto awaited = await_output(index, false); !awaited) return awaited;
  }
  if (connection.left_count > 0) return write_requests(index, connection.left_count);
  if (!schedule && connection.pending().empty()) return begin_batch(index);
  return {};
}

Result<void> Driver::Run::begin_batch(std::size_t index) {
  if (!is_sending) return {};
  return write_requests(index, plan.pipeline);
}

// Writes `count` more requests on this connection, which has room for them and nothing unsent.
Result<void> Driver::Run::write_requests(std::size_t index, std::size_t count) {
  BenchConnection& connection = driver.connections_[index];
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, left_count));
  while (count > 0 && connection.is_flushed()) {
    const BenchTime now = steady_clock::now();
    if (connection.pending().empty()) connection.last_sign = now;
    driver.output_.clear();
    BenchTime time = now;
    do {
      if (schedule) time = schedule->time_of(issued_count++);
      source.append_next(time, driver.output_, connection.pending());
      ++outcome.books.of(time).sent_count;
      --left_count;
      --count;
    } while (count > 0 && driver.output_.size() < output_size_max);
    outcome.books.of(time).sent_size += driver.output_.size();
    if (auto sent = connection.send(driver.output_); !sent) return sent;
  }
  // In an open loop the rest is due on any connection.
  connection.left_count = schedule ? 0 : count;
  if (!connection.is_flushed()) return await_output(index, true);
  return {};
}

// What is due in an open loop is shared out in turn, to each connection its part at once.
Result<void> Driver::Run::send_due(BenchTime now) {
  if (!schedule || !is_sending) return {};
  const std::size_t connection_count = driver.connections_.size();
  const std::uint64_t due_count = schedule->count_at(now);
  std::uint64_t unsent_count = std::min(due_count - std::min(due_count, issued_count), left_count);
  std::size_t skipped_count = 0;
  const std::uint64_t share = (unsent_count + connection_count - 1) / connection_count;
  while (unsent_count > 0 && skipped_count < connection_count) {
    const std::size_t index = next_connection;
    next_connection = index + 1 == connection_count ? 0 : index + 1;
    const BenchConnection& connection = driver.connections_[index];
    const std::size_t room = connection.is_flushed() ? plan.pipeline - connection.pending().size() : 0;
    const std::uint64_t count = std::min({share, unsent_count, static_cast<std::uint64_t>(room)});
    if (count == 0) {
      ++skipped_count;
      continue;
    }
    skipped_count = 0;
    const std::uint64_t issued_before = issued_count;
    if (auto written = write_requests(index, static_cast<std::size_t>(count)); !written) return written;
    unsent_count -= issued_count - issued_before;
  }
  has_room = unsent_count == 0;
  return {};
}

Result<void> Driver::Run::await_output(std::size_t index, bool is_awaited) {
  BenchConnection& connection = driver.connections_[index];
  if (connection.is_output_awaited == is_awaited) return {};
  connection.is_output_awaited = is_awaited;
  return await(driver.epoll_.get(), EPOLL_CTL_MOD, connection.descriptor(), index, is_awaited);
}

Result<void> Driver::Run::check_silence(BenchTime now) {
  if (now < next_silence_check) return {};
  next_silence_check = now + silence_check_interval;
  for (const BenchConnection& connection : driver.connections_) {
    if (connection.pending().empty() || now - connection.last_sign < plan.reply_timeout) continue;
    return failure(ErrorKind::timed_out, "the server has owed a connection its replies for " +
                                             std::to_string(plan.reply_timeout.count()) +
                                             " ms and said nothing");
  }
  return {};
}

}  // namespace larder::tools
