#include "server/workers.h"

#include <array>
#include <cstdint>
#include <exception>
#include <pthread.h>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "program/log.h"
#include "server/cores.h"
#include "server/told_trouble.h"
#include "transport/addresses.h"

namespace larder::server {

/// What a loop reports, counted. One writer each: the loop's own thread.
class Workers::Observer final : public transport::LoopObserver {
 public:
  Observer(insight::Counters& counters, const Clock& clock) : counters_(counters), clock_(clock) {}

  void on_received(std::size_t size) override {
    counters_.bytes_received.add(size);
    counters_.reads.add();
  }
  void on_sent(std::size_t size) override {
    counters_.bytes_sent.add(size);
    counters_.writes.add();
  }
  void on_buffers_resized(std::size_t size_before, std::size_t size) override {
    counters_.connection_buffer_size.add(size - size_before);  // in one store, whichever is larger
  }
  void on_opened() override {
    counters_.connections.add();
    counters_.connections_accepted.add();
  }
  void on_closed() override { counters_.connections.subtract(); }
  void on_slow_reader_closed() override { counters_.slow_readers_closed.add(); }
  void on_idle_closed() override { counters_.idle_closed.add(); }
  void on_stranger_closed(const transport::Socket& socket) override {
    counters_.logins_overdue.add();
    const std::uint64_t news =
        told_strangers_.take_news(counters_.logins_overdue.value(), clock_.now().steady);
    if (news == 0) return;
    const std::string peer = transport::addresses_of(socket).peer;
    program::log_warn(
        "connections closed because nobody had logged in within --login-timeout: " + std::to_string(news) +
        ", the last " + (peer.empty() ? "of somebody who has gone" : "from " + peer));
  }
  void on_over_budget_closed() override { counters_.over_budget_closed.add(); }
  void on_tls_established(bool is_resumed) override {
    counters_.tls_handshakes.add();
    if (is_resumed) counters_.tls_resumed.add();
  }
  void on_tls_failed(std::string_view reason, const transport::Socket& socket) override {
    counters_.tls_failures.add();
    const std::uint64_t news =
        told_tls_failures_.take_news(counters_.tls_failures.value(), clock_.now().steady);
    if (news == 0) return;
    // The kernel does not know any more whose socket it was once he has gone.
    const std::string peer = transport::addresses_of(socket).peer;
    program::log_warn("TLS with " + (peer.empty() ? "somebody who has gone" : peer) +
                      " failed: " + std::string(reason) +
                      (news == 1 ? "" : "; so did " + std::to_string(news - 1) + " others before"));
  }
  void on_accept_failed(int /*error_number*/) override { counters_.connections_refused.add(); }

 private:
  insight::Counters& counters_;
  const Clock& clock_;
  ToldTrouble told_tls_failures_{Duration{1000}};
  ToldTrouble told_strangers_{Duration{10'000}};
};

Workers::Workers(std::size_t count, std::size_t buffer_size_max, std::vector<int> cores)
    : cores_(std::move(cores)), buffer_budget_(buffer_size_max, count), counters_(count) {
  LARDER_ASSERT(cores_.empty() || cores_.size() == count);
}

Result<std::unique_ptr<Workers>> Workers::make(std::size_t count, const transport::LoopChoice& loop_choice,
                                               const transport::ConnectionLimits& limits,
                                               std::size_t buffer_size_max, const Clock& clock,
                                               std::vector<int> cores) {
  LARDER_ASSERT(count > 0);
  std::unique_ptr<Workers> workers(new Workers(count, buffer_size_max, std::move(cores)));
  transport::ConnectionLimits loop_limits = limits;
  for (std::size_t i = 0; i < count; ++i) {
    workers->observers_.push_back(std::make_unique<Observer>(workers->counters_[i], clock));
    loop_limits.buffers = &workers->buffer_budget_.share(i);
    Result<std::unique_ptr<transport::EventLoop>> loop = loop_choice.make(
        {.limits = loop_limits, .clock = &clock, .observer = workers->observers_.back().get()});
    if (!loop) return std::unexpected(loop.error());
    workers->loops_.push_back(*std::move(loop));
  }
  return workers;
}

Workers::~Workers() {
  shut_down(Duration{0});
  join_threads();
}

void Workers::start(std::function<void()> on_finished) {
  LARDER_ASSERT(threads_.empty());
  on_finished_ = std::move(on_finished);
  // Set before the first thread starts: one that ends at once must not take itself for the last.
  running_count_ = loops_.size();
  // A thread begins with the name of the one that starts it. To name another takes a file of /proc, and a
  // sandbox has none.
  std::array<char, 16> own_name{};
  pthread_getname_np(pthread_self(), own_name.data(), own_name.size());
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    pthread_setname_np(pthread_self(), ("worker " + std::to_string(i)).c_str());
    threads_.emplace_back([this, i] { run(i); });
    if (cores_.empty()) continue;
    if (Result<void> bound = bind_thread(threads_.back().native_handle(), cores_[i]); !bound)
      fail(std::move(bound.error()));
  }
  pthread_setname_np(pthread_self(), own_name.data());
}

void Workers::run(std::size_t index) {
  Result<void> ended;
  try {
    ended = loops_[index]->run();
  } catch (const std::exception& exception) {
    ended = failure(ErrorKind::overloaded, exception.what());
  }
  if (!ended) fail(std::move(ended.error()));
  if (running_count_.fetch_sub(1) == 1 && on_finished_) on_finished_();
}

void Workers::fail(Error error) {
  const std::scoped_lock lock(failure_mutex_);
  if (outcome_) outcome_ = std::unexpected<Error>(std::move(error));
  shut_down(Duration{0});
}

void Workers::shut_down(Duration grace) {
  for (const std::unique_ptr<transport::EventLoop>& loop : loops_) loop->shut_down(grace);
}

Result<void> Workers::join() {
  join_threads();
  return outcome_;
}

void Workers::join_threads() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace larder::server
