#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

// Redis knows no bound; a connection that is idle for years should not hold more.
constexpr std::size_t client_text_size_max = 1024;

bool is_client_text(Bytes text) {
  return std::ranges::all_of(text, [](char c) { return c >= '!' && c <= '~'; });
}

std::int64_t seconds_between(std::int64_t from_ms, TimePoint now) {
  return std::max<std::int64_t>((now.time_since_epoch().count() - from_ms) / 1000, 0);
}

// One line of CLIENT LIST. What this server does not have (subscriptions, buffers of their own) reads as
// none.
std::string line_of(const Client& client, TimePoint now) {
  const Client::Names names = client.names();
  const Bytes* const command = client.last_command.load(std::memory_order_relaxed);
  const bool is_monitor = client.is_monitor.load(std::memory_order_relaxed);
  const std::int64_t queued_count = client.queued_count.load(std::memory_order_relaxed);
  std::string flags;
  if (is_monitor) flags += "O";
  if (queued_count >= 0) flags += "x";
  if (client.facts.is_unix()) flags += "U";
  if (client.is_spared.load(std::memory_order_relaxed)) flags += "e";
  if (client.leaves_age.load(std::memory_order_relaxed)) flags += "T";
  if (flags.empty()) flags = "N";
  return fmt::format(
      "id={} addr={} laddr={} fd=-1 name={} age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 multi={} "
      "watch={} "
      "qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem={} tot-mem=0 events=r cmd={} "
      "user={} redir=-1 resp={} lib-name={} lib-ver={}",
      client.facts.id, client.facts.address, client.facts.local_address, names.name,
      seconds_between(client.facts.accepted_at.time_since_epoch().count(), now),
      seconds_between(client.active_at_ms.load(std::memory_order_relaxed), now), flags,
      client.database.load(std::memory_order_relaxed), queued_count,
      client.watched_count.load(std::memory_order_relaxed), client.left_size(),
      command != nullptr ? *command : Bytes("NULL"), names.user,
      client.version.load(std::memory_order_relaxed), names.library, names.library_version);
}

enum class Kind : std::uint8_t { normal, monitor_or_other, unknown };

// Of the kinds that Redis has, connections of this server are all normal; one that monitors counts as a
// replica there.
Kind kind_of(Bytes word) {
  if (equals_ignoring_case(word, "normal")) return Kind::normal;
  for (const Bytes other : {"slave", "replica", "pubsub", "master"}) {
    if (equals_ignoring_case(word, other)) return Kind::monitor_or_other;
  }
  return Kind::unknown;
}

// Which connections CLIENT KILL means. All conditions have to hold.
struct Filter {
  std::optional<std::uint64_t> id;
  std::optional<Bytes> address;
  std::optional<Bytes> local_address;
  std::optional<Kind> kind;
  std::optional<Bytes> user;
  std::optional<std::int64_t> age_min_s;
  bool spares_me = true;

  [[nodiscard]] bool means(const Client& client, TimePoint now) const {
    if (id && *id != client.facts.id) return false;
    if (client.is_killed.load(std::memory_order_relaxed)) return false;
    if (address && *address != client.facts.address) return false;
    if (local_address && *local_address != client.facts.local_address) return false;
    if (kind && *kind != Kind::normal) return false;
    if (user && *user != client.names().user) return false;
    return !age_min_s ||
           seconds_between(client.facts.accepted_at.time_since_epoch().count(), now) >= *age_min_s;
  }
};

// None: `call` is answered with an error.
std::optional<Filter> read_filter(RespCall& call) {
  Filter filter;
  const auto words = call.arguments.subspan(2);
  const auto fail = [&](Bytes error) {
    call.reply.error(error);
    return std::nullopt;
  };
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return fail(syntax_error);
    const Bytes value = words[i + 1];
    if (equals_ignoring_case(words[i], "id")) {
      const auto id = parse_int64(value);
      if (!id || *id < 1) return fail("ERR client-id should be greater than 0");
      filter.id = static_cast<std::uint64_t>(*id);
    } else if (equals_ignoring_case(words[i], "addr")) {
      filter.address = value;
    } else if (equals_ignoring_case(words[i], "laddr")) {
      filter.local_address = value;
    } else if (equals_ignoring_case(words[i], "type")) {
      filter.kind = kind_of(value);
      if (filter.kind == Kind::unknown) return fail("ERR Unknown client type '" + quotable(value) + "'");
    } else if (equals_ignoring_case(words[i], "user")) {
      if (value != "default" && call.environment.service.accounts.users.find(value) == nullptr) {
        return fail("ERR No such user '" + quotable(value) + "'");
      }
      filter.user = value;
    } else if (equals_ignoring_case(words[i], "maxage")) {
      filter.age_min_s = parse_int64(value);
      if (!filter.age_min_s || *filter.age_min_s < 1)
        return fail("ERR maxage is not an integer or out of range");
    } else if (equals_ignoring_case(words[i], "skipme")) {
      const bool is_yes = equals_ignoring_case(value, "yes");
      if (!is_yes && !equals_ignoring_case(value, "no")) return fail(syntax_error);
      filter.spares_me = is_yes;
    } else {
      return fail(syntax_error);
    }
  }
  return filter;
}

// Inside a transaction more may have changed since its EXEC began.
void note_self(RespCall& call) {
  Client& client = *call.state.client;
  client.database.store(call.state.database, std::memory_order_relaxed);
  client.version.store(static_cast<std::uint8_t>(call.state.version), std::memory_order_relaxed);
}

// Closes the connection behind the reply if it is the caller's own.
void kill(RespCall& call, Client& client) {
  if (&client == call.state.client.get()) {
    call.state.closing = true;
  } else {
    client.kill();
  }
}

// ON or OFF, as some subcommands have it. None: `call` is answered with an error.
std::optional<bool> read_switch(RespCall& call) {
  const Bytes word = call.arguments[2];
  if (equals_ignoring_case(word, "on")) return true;
  if (equals_ignoring_case(word, "off")) return false;
  call.reply.error(syntax_error);
  return std::nullopt;
}

}  // namespace

void note_state(const RespState& state) {
  Client& client = *state.client;
  client.database.store(state.database, std::memory_order_relaxed);
  client.version.store(static_cast<std::uint8_t>(state.version), std::memory_order_relaxed);
  client.queued_count.store(
      state.transaction == nullptr ? -1 : static_cast<std::int64_t>(state.transaction->size()),
      std::memory_order_relaxed);
  client.watched_count.store(state.watched.count(), std::memory_order_relaxed);
}

bool check_client_name(RespCall& call, Bytes name) {
  if (!is_client_text(name)) {
    call.reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  if (name.size() > client_text_size_max) {
    call.reply.error("ERR Client names cannot be longer than 1024 bytes.");
    return false;
  }
  return true;
}

void set_client_name(RespState& state, Bytes name) {
  Client::Names names = state.client->names();
  names.name = name;
  state.client->set_names(std::move(names));
}

void handle_client_caching(RespCall& call) {
  call.reply.error(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
      "enabled");
}

void handle_client_getname(RespCall& call) {
  const std::string name = call.state.client->names().name;
  if (name.empty()) return call.reply.null();
  call.reply.bulk(name);
}

void handle_client_getredir(RespCall& call) { call.reply.integer(-1); }

void handle_client_id(RespCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.state.client->facts.id));
}

void handle_client_info(RespCall& call) {
  note_self(call);
  call.reply.verbatim("txt", line_of(*call.state.client, call.now) + "\n");
}

void handle_client_kill(RespCall& call) {
  const auto clients = call.environment.service.clients.all();
  if (call.arguments.size() == 3) {
    const auto found = std::ranges::find_if(clients, [&](const auto& client) {
      return !client->facts.address.empty() && client->facts.address == call.arguments[2];
    });
    if (found == clients.end()) return call.reply.error("ERR No such client");
    kill(call, **found);
    return call.reply.ok();
  }
  const auto filter = read_filter(call);
  if (!filter) return;
  std::int64_t count = 0;
  for (const auto& client : clients) {
    const bool is_me = client == call.state.client;
    if ((is_me && filter->spares_me) || !filter->means(*client, call.now)) continue;
    kill(call, *client);
    ++count;
  }
  call.reply.integer(count);
}

void handle_client_list(RespCall& call) {
  note_self(call);
  const auto words = call.arguments.subspan(2);
  std::optional<Kind> kind;
  std::optional<std::set<std::int64_t>> ids;
  if (words.size() == 2 && equals_ignoring_case(words[0], "type")) {
    kind = kind_of(words[1]);
    if (kind == Kind::unknown)
      return call.reply.error("ERR Unknown client type '" + quotable(words[1]) + "'");
  } else if (words.size() > 1 && equals_ignoring_case(words[0], "id")) {
    ids.emplace();
    for (const Bytes word : words.subspan(1)) {
      const auto id = parse_int64(word);
      if (!id) return call.reply.error("ERR Invalid client ID");
      ids->insert(*id);
    }
  } else if (!words.empty()) {
    return call.reply.error(syntax_error);
  }
  std::string text;
  for (const auto& client : call.environment.service.clients.all()) {
    if (kind && *kind != Kind::normal) continue;
    if (ids && !ids->contains(static_cast<std::int64_t>(client->facts.id))) continue;
    text += line_of(*client, call.now) + "\n";
  }
  call.reply.verbatim("txt", text);
}

// A cache evicts items, not connections: it is noted and shown, and there is nothing else to it.
void handle_client_no_evict(RespCall& call) {
  const auto is_on = read_switch(call);
  if (!is_on) return;
  call.state.client->is_spared.store(*is_on, std::memory_order_relaxed);
  call.reply.ok();
}

void handle_client_no_touch(RespCall& call) {
  const auto is_on = read_switch(call);
  if (!is_on) return;
  call.state.client->leaves_age.store(*is_on, std::memory_order_relaxed);
  call.reply.ok();
}

void handle_client_pause(RespCall& call) {
  if (call.arguments.size() > 4) return call.reply.error(syntax_error);
  Clients::Pause what = Clients::Pause::all;
  if (call.arguments.size() == 4) {
    if (equals_ignoring_case(call.arguments[3], "write")) {
      what = Clients::Pause::writes;
    } else if (!equals_ignoring_case(call.arguments[3], "all")) {
      return call.reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  const auto timeout = parse_int64(call.arguments[2]);
  if (!timeout) return call.reply.error("ERR timeout is not an integer or out of range");
  if (*timeout < 0) return call.reply.error("ERR timeout is negative");
  const std::int64_t now = call.now.time_since_epoch().count();
  if (*timeout > std::numeric_limits<std::int64_t>::max() - now) {
    return call.reply.error("ERR timeout is out of range");
  }
  call.environment.service.clients.pause(what, call.now + Duration{*timeout}, call.now);
  call.reply.ok();
}

void handle_client_reply(RespCall& call) {
  const Bytes mode = call.arguments[2];
  if (equals_ignoring_case(mode, "on")) {
    call.state.reply_mode = ReplyMode::on;
  } else if (equals_ignoring_case(mode, "off")) {
    call.state.reply_mode = ReplyMode::off;
  } else if (equals_ignoring_case(mode, "skip")) {
    if (call.state.reply_mode != ReplyMode::off) call.state.reply_mode = ReplyMode::skip_next;
  } else {
    return call.reply.error(syntax_error);
  }
  call.reply.ok();
}

void handle_client_setinfo(RespCall& call) {
  const Bytes option = call.arguments[2];
  const Bytes value = call.arguments[3];
  const bool is_name = equals_ignoring_case(option, "lib-name");
  if (!is_name && !equals_ignoring_case(option, "lib-ver")) {
    return call.reply.error("ERR Unrecognized option '" + quotable(option) + "'");
  }
  if (!is_client_text(value)) {
    return call.reply.error("ERR " + quotable(option) +
                            " cannot contain spaces, newlines or special characters.");
  }
  if (value.size() > client_text_size_max) {
    return call.reply.error("ERR " + quotable(option) + " cannot be longer than 1024 bytes.");
  }
  Client::Names names = call.state.client->names();
  (is_name ? names.library : names.library_version) = value;
  call.state.client->set_names(std::move(names));
  call.reply.ok();
}

void handle_client_setname(RespCall& call) {
  if (!check_client_name(call, call.arguments[2])) return;
  set_client_name(call.state, call.arguments[2]);
  call.reply.ok();
}

// Nothing tells a client what others change: tracking can be off, and that is all.
void handle_client_tracking(RespCall& call) {
  if (equals_ignoring_case(call.arguments[2], "off") && call.arguments.size() == 3) return call.reply.ok();
  if (!equals_ignoring_case(call.arguments[2], "on")) return call.reply.error(syntax_error);
  call.reply.error("ERR CLIENT TRACKING is not served yet");
}

void handle_client_trackinginfo(RespCall& call) {
  call.reply.map(3);
  call.reply.bulk("flags");
  call.reply.set(1);
  call.reply.bulk("off");
  call.reply.bulk("redirect");
  call.reply.integer(-1);
  call.reply.bulk("prefixes");
  call.reply.array(0);
}

// No command of this server waits for another client.
void handle_client_unblock(RespCall& call) {
  const auto words = call.arguments.subspan(3);
  const bool is_known = words.empty() || (words.size() == 1 && (equals_ignoring_case(words[0], "timeout") ||
                                                                equals_ignoring_case(words[0], "error")));
  if (!is_known) {
    return call.reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  if (!parse_int64(call.arguments[2])) return call.reply.error(not_an_integer_error);
  call.reply.integer(0);
}

void handle_client_unpause(RespCall& call) {
  call.environment.service.clients.unpause();
  call.reply.ok();
}

}  // namespace larder::session
