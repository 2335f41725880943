#include "session/resp_transaction.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "session/quiet_keyspace.h"
#include "session/resp_commands.h"
#include "session/resp_handlers.h"
#include "session/resp_run.h"

namespace larder::session {

bool Transaction::add(const CommandSpec& spec, std::span<const Bytes> arguments, std::size_t size_max) {
  std::size_t size = held_size() + sizeof(Kept) + arguments.size() * sizeof(protocol::Slice);
  for (const Bytes argument : arguments) size += argument.size();
  if (size > size_max) return false;
  commands_.push_back({.spec = &spec, .first = slices_.size(), .count = arguments.size()});
  for (const Bytes argument : arguments) {
    slices_.push_back({.offset = text_.size(), .size = argument.size()});
    text_.append(argument);
  }
  return true;
}

bool Transaction::writes() const {
  return std::ranges::any_of(commands_, [](const Kept& kept) { return kept.spec->is_write; });
}

std::size_t Transaction::held_size() const {
  return text_.capacity() + slices_.capacity() * sizeof(protocol::Slice) +
         commands_.capacity() * sizeof(Kept);
}

std::vector<Transaction::Command> Transaction::commands(std::vector<Bytes>& storage) const {
  storage.clear();
  storage.reserve(slices_.size());
  for (const protocol::Slice& slice : slices_)
    storage.push_back(Bytes(text_).substr(slice.offset, slice.size));
  std::vector<Command> commands;
  commands.reserve(commands_.size());
  for (const Kept& kept : commands_) {
    commands.push_back({.spec = kept.spec, .arguments = std::span(storage).subspan(kept.first, kept.count)});
  }
  return commands;
}

namespace {

bool is_there(cache::Keyspace& keys, cache::Database database, Bytes key, TimePoint now) {
  return keys.peek(database, key, now, [](const cache::ItemView&) {});
}

}  // namespace

bool WatchedKeys::add(cache::Keyspace& keys, cache::Database database, Bytes key, TimePoint now,
                      std::size_t size_max) {
  // About what a map takes for one here, and what the cache keeps to count; both have the key.
  constexpr std::size_t node_size = sizeof(Key) + sizeof(Look) + 64 + 128;
  const std::size_t size = node_size + 2 * key.size();
  if (held_size_ + size > size_max) return false;
  const auto [place, is_new] = looks_.try_emplace(Key(database, key));
  if (!is_new) return true;
  try {
    keys.with_keys(std::span(&key, 1), [&](cache::Keyspace& locked) {
      place->second.change_count = locked.watch(database, key);
      place->second.is_there = is_there(locked, database, key, now);
    });
  } catch (...) {
    looks_.erase(place);  // nobody counts for it, so nobody is to be told that it is over
    throw;
  }
  held_size_ += size;
  keys_ = &keys;
  return true;
}

void WatchedKeys::clear() {
  for (const auto& [key, look] : looks_) keys_->unwatch(key.first, key.second);
  looks_.clear();
  held_size_ = 0;
}

bool WatchedKeys::have_changed(cache::Keyspace& locked, TimePoint now) const {
  return std::ranges::any_of(looks_, [&](const auto& entry) {
    const auto& [key, look] = entry;
    return locked.watched(key.first, key.second) != look.change_count ||
           is_there(locked, key.first, key.second, now) != look.is_there;
  });
}

std::size_t transaction_size_max(const Limits& limits) {
  return std::max(2 * limits.value_size_max, std::size_t{64} << 20);
}

namespace {

void end_transaction(RespState& state) {
  state.transaction.reset();
  state.watched.clear();
}

// What it has to lock.
struct Need {
  bool is_everything = false;
  std::vector<Bytes> keys;
};

Need need_of(std::span<const Transaction::Command> commands, const WatchedKeys& watched) {
  Need need;
  for (const Transaction::Command& command : commands) {
    need.is_everything |= command.spec->reach == Reach::everything;
    for_each_key(*command.spec, command.arguments, [&](Bytes key) { need.keys.push_back(key); });
  }
  watched.each([&](Bytes key) { need.keys.push_back(key); });
  return need;
}

// It was when the command was kept. False: it is answered with the error of Redis.
bool is_still_allowed(RespCall& call) {
  const Denial denial = denial_of(call.state.login, call.spec, call.arguments);
  if (denial == Denial::nothing) return true;
  const std::size_t size = call.output.size();
  call.reply.error(
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "
      "command is no longer allowed for the following reason: " +
      std::string(denial == Denial::command ? "no permission to execute the command or subcommand"
                                            : "no permission to touch the specified keys"));
  if (count_if_error(call, size)) call.environment.command_stats.of(call.spec).rejections.add();
  return false;
}

}  // namespace

void handle_multi(RespCall& call) {
  if (call.state.transaction != nullptr) return call.reply.error("ERR MULTI calls can not be nested");
  call.state.transaction = std::make_unique<Transaction>();
  call.reply.ok();
}

void handle_discard(RespCall& call) {
  if (call.state.transaction == nullptr) return call.reply.error("ERR DISCARD without MULTI");
  end_transaction(call.state);
  call.reply.ok();
}

void handle_watch(RespCall& call) {
  if (call.state.transaction != nullptr) return call.reply.error("ERR WATCH inside MULTI is not allowed");
  for (const Bytes key : call.arguments.subspan(1)) {
    const std::size_t size_max = transaction_size_max(call.environment.limits);
    if (!call.state.watched.add(call.keys, call.state.database, key, call.now, size_max)) {
      return call.reply.error("ERR more keys are watched than this server keeps for one connection");
    }
  }
  call.reply.ok();
}

void handle_unwatch(RespCall& call) {
  call.state.watched.clear();
  call.reply.ok();
}

void handle_exec(RespCall& call) {
  if (call.state.transaction == nullptr) return call.reply.error("ERR EXEC without MULTI");
  const std::unique_ptr<Transaction> transaction = std::move(call.state.transaction);
  const WatchedKeys watched = std::exchange(call.state.watched, WatchedKeys());
  if (transaction->is_spoiled()) {
    return call.reply.error("EXECABORT Transaction discarded because of previous errors.");
  }
  std::vector<Bytes> storage;
  const std::vector<Transaction::Command> commands = transaction->commands(storage);
  const auto run = [&](cache::Keyspace& locked) {
    if (watched.have_changed(locked, call.now)) return call.reply.null_array();
    call.reply.array(commands.size());
    QuietKeyspace quiet(locked);
    for (const Transaction::Command& command : commands) {
      if (outgrows_output(call)) return;
      RespCall inner{.spec = *command.spec,
                     .arguments = command.arguments,
                     .now = call.now,
                     .environment = call.environment,
                     .keys = reads_quietly(call.state, *command.spec) ? quiet : locked,
                     .state = call.state,
                     .output = call.output,
                     .reply = {call.output, call.state.version},
                     .is_in_transaction = true};
      if (is_still_allowed(inner)) run_command(inner);
    }
  };
  const Need need = need_of(commands, watched);
  cache::Keyspace& keys = call.environment.cache;  // each command sees it as it would outside
  if (need.is_everything) return keys.with_everything(run);
  keys.with_keys(need.keys, run);
}

}  // namespace larder::session
