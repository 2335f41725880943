#include "transport/simulated_loop.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unistd.h>

#include "base/assert.h"

namespace larder::transport {
namespace {

LoopOptions with_clock(LoopOptions options, const Clock& clock) {
  options.clock = &clock;
  return options;
}

std::shared_ptr<TaskQueue> task_queue() {
  auto tasks = make_task_queue();
  LARDER_ASSERT(tasks.has_value());
  return *std::move(tasks);
}

}  // namespace

SimulatedLoop::SimulatedLoop(SplitMix64& random, SimulatedClock& clock, LoopOptions options,
                             SimulationOptions simulation)
    : SocketLoop(task_queue(), with_clock(options, clock)),
      random_(random),
      clock_(clock),
      simulation_(simulation) {}

SimulatedPeer& SimulatedLoop::connect(SimulatedPeer::Habits habits) {
  simulated_peers_.push_back(std::make_unique<SimulatedPeer>(habits));
  SimulatedPeer& peer = *simulated_peers_.back();
  if (is_closed_) {
    peer.close_near();
  } else {
    backlog_.push_back(&peer);
  }
  return peer;
}

void SimulatedLoop::at(SteadyTime time, std::move_only_function<void()> event) {
  timed_.emplace(time, std::move(event));
}

void SimulatedLoop::let_peers_finish() {
  while (true) {
    SimulatedPeer* next = nullptr;
    for (const auto& peer : simulated_peers_) {
      if (peer->acts_at() && (next == nullptr || *peer->acts_at() < *next->acts_at())) next = peer.get();
    }
    if (next == nullptr) return;
    const SteadyTime now = clock_.now().steady;
    if (*next->acts_at() > now) clock_.move(*next->acts_at() - now);
    next->act(clock_.now().steady, random_);
  }
}

// ---- What happens between two turns

Result<void> SimulatedLoop::wait(int time_ms) {
  if (++turn_count_ > simulation_.turn_count_max)
    return failure(ErrorKind::unsupported, "there is no end of turns");
  if (auto kept = check_deadlines(); !kept) return kept;
  noted_.clear();
  receipts_.clear();
  sending_.clear();
  for (NearEnd* const end : std::exchange(to_send_, {})) {
    end->is_queued_to_send = false;
    if (end->closed || end->connection.owed().empty()) continue;
    put_some(*end);
    sending_.push_back(end);
  }
  gather_possible();
  const bool may_rest = time_ms != 0 && sending_.empty();
  if (possible_.empty() && may_rest) return pass_time(time_ms);
  choose(may_rest);
  if (draw_below(4) == 0) {
    clock_.move(Duration(draw_below(static_cast<std::size_t>(simulation_.step_max.count()) + 1)));
  }
  return {};
}

// Who stands in the ready queue is served before the deadlines are looked at.
Result<void> SimulatedLoop::check_deadlines() const {
  for (const NearEnd* const end : near_ends_) {
    const auto deadline = end->connection.deadline();
    if (!end->queued && !end->is_queued_to_send && deadline && *deadline <= now().steady)
      return failure(ErrorKind::unsupported, "a deadline has passed unnoticed");
  }
  return {};
}

void SimulatedLoop::gather_possible() {
  possible_.clear();
  const SteadyTime time = clock_.now().steady;
  for (const auto& peer : simulated_peers_) {
    if (peer->can_act(time)) possible_.push_back({.event = Event::peer_acts, .peer = peer.get()});
  }
  for (NearEnd* const end : near_ends_) {
    const SimulatedPeer& peer = end->peer;
    const auto add = [&](Event event) { possible_.push_back({.event = event, .end = end}); };
    if (peer.can_arrive()) add(Event::arrival);
    if (!end->writable && (peer.room() > 0 || peer.reset_arrived())) add(Event::room);
    const bool has_end = (peer.end_arrived() && !end->knows_end) || peer.reset_arrived();
    if (end->is_receiving && (has_end || !peer.arrived().empty())) {
      add(Event::receipt);
    } else if (simulation_.completes && !end->ended && has_end) {
      add(Event::end_seen);
    }
  }
  std::uint64_t count = 0;
  if (::read(task_descriptor(), &count, sizeof count) > 0) tasks_posted_ = true;
  if (tasks_posted_) possible_.push_back({.event = Event::tasks});
  const bool is_heard =
      !listeners().empty() && static_cast<SimulatedListening&>(*listeners().front()).is_watched;
  if (!backlog_.empty() && is_heard) possible_.push_back({.event = Event::connection});
  if (!timed_.empty() && timed_.begin()->first <= time) possible_.push_back({.event = Event::timed});
}

void SimulatedLoop::choose(bool at_least_one) {
  for (std::size_t i = possible_.size(); i > 1; --i) std::swap(possible_[i - 1], possible_[draw_below(i)]);
  bool is_first = at_least_one;
  for (const Possible& possible : possible_) {
    if (std::exchange(is_first, false) || draw_below(simulation_.luck) == 0) happen(possible);
  }
}

void SimulatedLoop::happen(const Possible& chosen) {
  switch (chosen.event) {
    case Event::peer_acts:
      chosen.peer->act(clock_.now().steady, random_);
      return;
    case Event::arrival:
      chosen.end->peer.arrive(random_);
      if (!simulation_.completes) noted_.push_back(chosen.end);
      return;
    case Event::receipt:
      receipts_.push_back(chosen.end);
      return;
    case Event::end_seen:
      noted_.push_back(chosen.end);
      return;
    case Event::room:
      chosen.end->writable = true;
      noted_.push_back(chosen.end);
      return;
    case Event::tasks:
      tasks_posted_ = false;
      tasks_are_waiting();
      return;
    case Event::connection:
      listeners().front()->ready = true;
      return;
    case Event::timed: {
      auto due = timed_.extract(timed_.begin());
      due.mapped()();
      return;
    }
  }
}

Result<void> SimulatedLoop::pass_time(int time_ms) {
  const SteadyTime time = clock_.now().steady;
  SteadyTime next = time_ms < 0 ? Scheduled::never : time + Duration(time_ms);
  if (!timed_.empty()) next = std::min(next, timed_.begin()->first);
  for (const auto& peer : simulated_peers_) next = std::min(next, peer->acts_at().value_or(next));
  if (next == Scheduled::never) return failure(ErrorKind::unsupported, "nothing can happen any more");
  for (const NearEnd* const end : near_ends_) {
    if (end->connection.deadline().value_or(next) < next)
      return failure(ErrorKind::unsupported, "it would sleep through a deadline");
  }
  clock_.move(next - time);
  return {};
}

// ---- A turn

void SimulatedLoop::note_events() {
  received_.clear();
  for (NearEnd* const end : sending_) {
    conclude_send(*end);
    make_ready(*end);
  }
  for (NearEnd* const end : noted_) {
    if (end->peer.reset_arrived()) end->broken = true;
    if (end->peer.reset_arrived() || end->peer.end_arrived()) end->ended = true;
    end->readable = end->ended || !end->peer.arrived().empty();
    make_ready(*end);
  }
  const std::span<NearEnd* const> all(receipts_);
  for (std::size_t first = 0; first < all.size(); first += announced_count_max) {
    const auto group = all.subspan(first, std::min<std::size_t>(announced_count_max, all.size() - first));
    receive_together(group);
    for (NearEnd* const end : group) {
      if (end->peer.arrived().empty()) receive(*end, {});
      make_ready(*end);
    }
  }
}

void SimulatedLoop::look_ahead(Peer& first) {
  std::vector<NearEnd*> ends;
  Peer* next = &first;
  for (unsigned count = 0; next != nullptr && count < announced_count_max; ++count) {
    NearEnd& end = static_cast<NearEnd&>(*std::exchange(next, next->next_ready));
    if (!end.closed && end.readable && may_receive(end) && draw_below(2) == 0) ends.push_back(&end);
  }
  receive_together(ends);
}

/// Announces to all of them what is there before the first of them is told.
void SimulatedLoop::receive_together(std::span<NearEnd* const> ends) {
  std::vector<Bytes> all;
  for (NearEnd* const end : ends) {
    all.push_back(draw_bytes(*end));
    if (!all.back().empty()) end->connection.announced(all.back());
  }
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (!all[i].empty()) receive(*ends[i], all[i]);
  }
}

/// What one call would receive, taken from the peer: nothing, if there is nothing or the error comes first.
Bytes SimulatedLoop::draw_bytes(NearEnd& end) {
  const Bytes arrived = end.peer.arrived();
  if (arrived.empty() || (end.peer.reset_arrived() && draw_below(2) == 0)) return {};
  const std::size_t size = draw_size(random_, std::min(arrived.size(), receive_size_max));
  received_.push_back(std::make_unique<char[]>(size));
  std::memcpy(received_.back().get(), arrived.data(), size);
  end.peer.take(size);
  return {received_.back().get(), size};
}

void SimulatedLoop::receive(NearEnd& end, Bytes bytes) {
  if (!bytes.empty()) {
    observer().on_received(bytes.size());
    tell_received(end, bytes);
  } else if (end.peer.reset_arrived()) {
    tell_lost(end);
  } else if (end.peer.end_arrived() && !std::exchange(end.knows_end, true)) {
    end.ended = true;
    end.connection.received_end(now());
  }
  end.readable =
      !end.peer.arrived().empty() || end.peer.reset_arrived() || (end.peer.end_arrived() && !end.knows_end);
}

void SimulatedLoop::serve(Peer& any_peer) {
  NearEnd& end = static_cast<NearEnd&>(any_peer);
  Connection& connection = end.connection;
  for (std::size_t passes = draw_below(4);; --passes) {
    while (!simulation_.completes && end.readable && may_receive(end) && draw_below(8) > 0) {
      receive(end, draw_bytes(end));
    }
    if (end.broken && !connection.wants_input()) tell_lost(end);
    if (end.ended) connection.peer_left(now());
    send(end);
    if (connection.must_shut_write_side()) shut_write_side(end);
    if (connection.finished()) return close_peer(end);
    const bool can_receive = !simulation_.completes && end.readable && may_receive(end);
    const bool can_send = !simulation_.completes && end.writable && connection.owes();
    if (!can_receive && !can_send && !connection.must_resume()) break;
    if (passes == 0) {
      make_ready(end);
      break;
    }
    connection.resume(now());
  }
  if (simulation_.completes) {
    // To take a receive back may be too late, once.
    const bool is_wanted = may_receive(end);
    const bool is_late = end.is_receiving && !is_wanted && !end.is_late && draw_below(2) == 0;
    end.is_receiving = is_wanted || is_late;
    end.is_late = is_late;
  }
  settle(end);
}

void SimulatedLoop::send(NearEnd& end) {
  Connection& connection = end.connection;
  connection.seal(now());
  if (connection.finished() || !connection.owes()) return;
  if (!end.writable) return connection.send_blocked();
  if (end.peer.reset_arrived()) return tell_lost(end);
  if (!simulation_.completes) {
    put_some(end);
    conclude_send(end);
  } else if (!std::exchange(end.is_queued_to_send, true)) {
    to_send_.push_back(&end);
  }
}

/// The socket takes what there is room for, or as much as is offered to it.
void SimulatedLoop::put_some(NearEnd& end) {
  std::array<Bytes, 16> parts;
  const std::size_t count = end.connection.owed().gather(parts);
  std::size_t size = 0;
  for (const Bytes part : std::span(parts).first(count)) size += part.size();
  end.offered_size = draw_size(random_, std::min(size, send_size_max));
  end.put_size = std::min(end.offered_size, end.peer.room());
  std::size_t rest = end.put_size;
  for (const Bytes part : std::span(parts).first(count)) {
    end.peer.put(part.substr(0, rest));
    rest -= std::min(rest, part.size());
  }
}

void SimulatedLoop::conclude_send(NearEnd& end) {
  if (end.put_size > 0) {
    observer().on_sent(end.put_size);
    tell_sent(end, end.put_size, end.offered_size);
  }
  if (end.put_size == end.offered_size) return;
  end.writable = false;
  if (!end.connection.finished() && end.connection.owes()) end.connection.send_blocked();
}

void SimulatedLoop::shut_write_side(NearEnd& end) {
  end.peer.shut_near();
  end.connection.write_side_shut(now());
}

// ---- Who comes and goes

std::unique_ptr<SocketLoop::Peer> SimulatedLoop::make_peer(Socket /*socket*/, Connection connection) {
  LARDER_ASSERT(!is_adopted_);
  return std::make_unique<NearEnd>(std::move(connection), *accepted_peer_, simulation_.completes);
}

std::unique_ptr<SocketLoop::Listening> SimulatedLoop::make_listening(Socket socket,
                                                                     AcceptFunction on_accept) {
  return std::make_unique<SimulatedListening>(std::move(socket), std::move(on_accept));
}

void SimulatedLoop::watch(Peer& peer) {
  is_adopted_ = true;
  near_ends_.push_back(&static_cast<NearEnd&>(peer));
}

void SimulatedLoop::let_go(Peer& peer) {
  NearEnd& end = static_cast<NearEnd&>(peer);
  end.peer.close_near();
  std::erase(near_ends_, &end);
}

void SimulatedLoop::accept_some(Listening& listener) {
  do {
    if (simulation_.accept_error != 0 && draw_below(2) == 0) {
      if (!accept_failed(simulation_.accept_error)) return;
      continue;
    }
    accepted_peer_ = backlog_.front();
    backlog_.pop_front();
    is_adopted_ = false;
    accepted(listener, Socket());
    if (!is_adopted_) accepted_peer_->close_near();
  } while (!backlog_.empty() && draw_below(2) == 0);
}

bool SimulatedLoop::watch_listener(Listening& listener, bool is_watched) {
  static_cast<SimulatedListening&>(listener).is_watched = is_watched;
  return true;
}

// Who was not accepted yet never will be.
void SimulatedLoop::close_listeners() {
  is_closed_ = true;
  for (SimulatedPeer* const peer : backlog_) peer->close_near();
  backlog_.clear();
  listeners().clear();
}

bool SimulatedLoop::is_quiet(const Peer& peer) const {
  const SimulatedPeer& far = static_cast<const NearEnd&>(peer).peer;
  return far.arrived().empty() && far.has_read_all();
}

}  // namespace larder::transport
