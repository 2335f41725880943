// Commands that the decoder refuses, or whose large values find no room: what is answered, and the keys that
// must not keep what a store was to replace.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "session/resp_handlers.h"
#include "session/resp_run.h"
#include "session/resp_session.h"

namespace larder::session {
namespace {

// As far as a place can tell: options behind the keys of MSETEX may be taken for more of them.
bool may_be_key(const CommandSpec& spec, std::size_t index) {
  const auto first = static_cast<std::size_t>(spec.keys.first);
  if (first == 0 || index < first) return false;
  const bool has_more = spec.keys.last < 0 || spec.keys.is_counted;
  return index == first || (has_more && (index - first) % static_cast<std::size_t>(spec.keys.step) == 0);
}

}  // namespace

// To empty the keys of a store that was refused is a write, too: it waits for the end of a pause, and its
// reply with it. So do the keys that are passed over if the pause began in the middle of the command.
bool RespSession::waits_to_forget(TimePoint now) {
  if (!refusal_ && !decoder_.passes_over()) return false;
  const CommandSpec* spec = refusal_ ? refusal_->spec : passed_spec_;
  Clients& clients = environment_.service.clients;
  return spec != nullptr && spec->is_store && clients.paused(now) != Clients::Pause::nothing &&
         state_.client->can_be_woken() && clients.wait_for_end_of_pause(state_.client, now);
}

std::size_t RespSession::held_refusal_size() const {
  if (!refusal_) return 0;
  std::size_t size = refusal_->keys.capacity() * sizeof(std::string);
  for (const std::string& key : refusal_->keys) size += key.capacity();
  return size;
}

// The decoder would not have it: the protocol is broken, or an argument is too large. What is needed of its
// arguments is copied: they are gone when it has to wait. Of a stranger and a monitor nothing is: they empty
// no keys.
void RespSession::refuse(const Error& error) {
  const auto before = decoder_.refused_arguments();
  refusal_.emplace();
  refusal_->error = error;
  refusal_->argument_count = before.size();
  refusal_->spec = before.empty() || is_stranger() || is_monitor() ? nullptr : find_command(before.front());
  if (refusal_->spec == nullptr || !refusal_->spec->is_store) return;
  for_each_key(*refusal_->spec, before, [&](Bytes key) {
    if (may_empty(*refusal_->spec, key)) refusal_->keys.emplace_back(key);
  });
}

// A store by whoever may not store there leaves what is there.
bool RespSession::may_empty(const CommandSpec& spec, Bytes key) const {
  return state_.login.may(spec.needs) && state_.login.may_reach(key);
}

// False: the connection ends with it.
bool RespSession::answer_refusal(const RefusedCommand& refusal, TimePoint now, Output& output) {
  environment_.counters.commands.add();
  meter_.charge(state_.login, now);
  const std::size_t size = output.size();
  protocol::ReplyEncoder reply(output, state_.version);
  if (refusal.error.kind == ErrorKind::overloaded) {
    reply.error(no_memory_error);
  } else {
    environment_.counters.protocol_errors.add();
    reply.error("ERR " + refusal.error.message);
  }
  environment_.command_stats.count_error(output.own_tail(size));
  if (state_.transaction != nullptr) state_.transaction->spoil();
  passed_spec_ = refusal.spec;
  passed_index_ = refusal.argument_count;
  forget(std::vector<Bytes>(refusal.keys.begin(), refusal.keys.end()), now);
  if (state_.reply_mode != ReplyMode::on) output.shrink_to(size);
  if (refusal.error.kind == ErrorKind::too_large || refusal.error.kind == ErrorKind::overloaded) {
    if (state_.reply_mode == ReplyMode::skip_next) state_.reply_mode = ReplyMode::on;
    return true;
  }
  state_.failed = true;
  return false;
}

// What is only kept for EXEC is copied in any case.
bool RespSession::begin(Bytes command_name, std::size_t index, std::size_t size) {
  if (state_.transaction != nullptr) return false;
  const CommandSpec* spec = find_command(command_name);
  if (spec == nullptr || !spec->is_store || may_be_key(*spec, index)) return false;
  if (!state_.login.may(spec->needs)) return false;  // others' items would make room for nothing
  std::unique_ptr<cache::Draft> draft = environment_.cache.draft(size, environment_.limits.key_size_max);
  if (draft == nullptr) return false;
  state_.drafts.push_back(std::move(draft));
  return true;
}

// The keys behind the argument for which a command was refused. The decoder passes over nothing else, so that
// passed_spec_ need not be reset when that command ends. A key beyond its limit is shown as an empty one, and
// the empty key goes with it.
void RespSession::forget_passed(TimePoint now) {
  for (const Bytes argument : decoder_.passed()) {
    const std::size_t index = passed_index_++;
    if (passed_spec_ == nullptr || !passed_spec_->is_store || !may_be_key(*passed_spec_, index)) continue;
    if (argument.size() > environment_.limits.key_size_max || !may_empty(*passed_spec_, argument)) continue;
    environment_.cache.remove(state_.database, argument, cache::Condition::always(), now);
  }
}

// A store that is refused for its size leaves nothing under its keys, here as in the cache. They may be those
// of the front of a command only: an option that would have kept the store from happening may stand behind
// it, and the value goes all the same. A cache may forget, but must not show what was meant to be gone.
void RespSession::forget(std::vector<Bytes> keys, TimePoint now) {
  std::erase_if(keys, [&](Bytes key) { return key.size() > environment_.limits.key_size_max; });
  if (keys.empty()) return;
  environment_.cache.with_keys(keys, [&](cache::KeyedCalls& locked) {
    for (const Bytes key : keys) locked.remove(state_.database, key, cache::Condition::always(), now);
  });
}

}  // namespace larder::session
