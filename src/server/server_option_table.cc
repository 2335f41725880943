#include <cstdint>

#include "base/sizes.h"
#include "cache/factory.h"
#include "program/address_bound.h"
#include "program/allowed_origins.h"
#include "program/health_check.h"
#include "program/password_option.h"
#include "program/run_as.h"
#include "program/sandbox.h"
#include "program/unix_mode.h"
#include "server/dialects.h"
#include "server/server_options.h"
#include "transport/listener.h"
#include "transport/loop_choice.h"

namespace larder::server {
namespace {

using program::OptionKind;

program::OptionTable make_table() {
  program::OptionTable table{
      .program = "larder-server",
      .summary = "Larder, a caching service: values under keys, in memory, for any client.",
      .environment_prefix = "LARDER_",
      .ignored_environment_prefixes = {"LARDER_WEB_", "LARDER_REPLAY_", "LARDER_BENCH_"}};
  table.rows = {
      {.flag = "listen",
       .kind = OptionKind::endpoint_list,
       .default_text = listen_default(),
       .min = 1,
       .choices = listen_schemes(),
       .help =
           "An address to serve, as scheme://host:port, scheme+tls://host:port for TLS, or "
           "scheme+unix:///path for a Unix socket; may be "
           "given more than once, and replaces all the defaults; port 0 picks a free one, [::] means IPv6 "
           "only"},
      program::unix_mode_option_row(),
      {.flag = "tcp-backlog",
       .kind = OptionKind::count,
       .default_text = "4096",
       .min = 1,
       .max = 1'000'000,
       .help = "Connections that may wait to be accepted at each address; the kernel lowers it to "
               "net.core.somaxconn"},
      {.flag = "tcp-keepalive",
       .kind = OptionKind::count,
       .value_text = "SECONDS",
       .default_text = "300",
       .max = 32'767,
       .help = "After how many seconds of silence a peer over TCP is asked whether it is there; three times "
               "unanswered, each a third of this apart, and its connection ends; 0 means never"},
      {.flag = "memory",
       .kind = OptionKind::size,
       .default_text = "256mb",
       .min = 64 * kib,
       .max = gib * mib,
       .help = "The memory for keys, values and all that the cache needs to keep them"},
      {.flag = "items-max",
       .kind = OptionKind::count,
       .default_text = "0",
       .max = std::uint64_t{1} << 48,
       .help = "The most items to keep; 0 means as many as memory holds"},
      {.flag = "backend",
       .kind = OptionKind::choice,
       .default_text = cache::backend_names().front(),
       .choices = cache::backend_names(),
       .help = "How the cache is built and which item leaves when it is full"},
      {.flag = "policy",
       .kind = OptionKind::choice,
       .default_text = cache::policy_names().front(),
       .choices = cache::policy_names(),
       .help = "By what the segment back end chooses who leaves; the others have one order each"},
      {.flag = "shards",
       .kind = OptionKind::count_or_auto,
       .default_text = "auto",
       .min = 1,
       .help =
           "Into how many parts with a lock each the cache is cut, a power of two; the order of eviction is "
           "exact within a part"},
      {.flag = "workers",
       .kind = OptionKind::count_or_auto,
       .default_text = "auto",
       .min = 1,
       .max = 256,
       .help = "Threads that serve connections; auto means one for each core this process may use"},
      {.flag = "pin",
       .kind = OptionKind::toggle,
       .help =
           "Bind each worker to a core of its own, in the order of those that this process may use; there "
           "must be as many"},
      {.flag = "event-loop",
       .kind = OptionKind::choice,
       .default_text = transport::event_loop_names().front(),
       .choices = transport::event_loop_names(),
       .help =
           "How connections are waited for; auto means io_uring where the kernel lets this process have it"},
      {.flag = "connections-max",
       .kind = OptionKind::count,
       .default_text = "10000",
       .min = 1,
       .max = 1'000'000,
       .help = "The most connections at a time, over all addresses; lowered to what the limit of open files "
               "allows"},
      program::address_bound_option_row(),
      {.flag = "key-size-max",
       .kind = OptionKind::size,
       .default_text = "16kb",
       .min = 1,
       .max = 64 * mib,
       .help = "The longest key"},
      {.flag = "value-size-max",
       .kind = OptionKind::size,
       .default_note = "the smaller of 512mb and half of --memory",
       .example = "128mb",
       .min = 1,
       .max = value_size_limit,
       .help =
           "The longest value; in the LRU back ends an item must also fit into its part of the cache, see "
           "--shards"},
      {.flag = "line-size-max",
       .kind = OptionKind::size,
       .default_text = "1mb",
       .min = 64,
       .max = gib,
       .help = "The longest line of the line protocol"},
      {.flag = "output-size-max",
       .kind = OptionKind::size,
       .default_note = "twice --value-size-max, and at least 128mb",
       .example = "256mb",
       .min = 64 * kib,
       .max = 1024 * gib,
       .help = "Past half of this, or 64mb, of replies that its peer has not taken a connection is no longer "
               "read, "
               "past this it is closed"},
      {.flag = "buffer-memory",
       .kind = OptionKind::size,
       .default_note = "the largest of twice --value-size-max, a quarter of --memory, 8kb for each of "
                       "--connections-max and 64mb",
       .example = "256mb",
       .min = 4 * mib,
       .max = gib * mib,
       .help = "The memory for the buffers of all connections, beside --memory: when it runs short, those "
               "who hold "
               "much are no longer read, and then those who hold most are closed"},
      {.flag = "idle-timeout",
       .kind = OptionKind::duration,
       .default_text = "0",
       .help = "How long a peer may be silent before its connection is closed; 0 means for ever, but HTTP "
               "connections end after 60s"},
      {.flag = "shutdown-timeout",
       .kind = OptionKind::duration,
       .default_text = "10s",
       .help =
           "How long replies under way may take to leave after SIGTERM or SIGINT; a second signal cuts it "
           "short"},
      {.flag = "allow-anonymous",
       .kind = OptionKind::toggle,
       .help = "Listen where other machines can reach it, although nobody is asked for a password"},
      {.flag = "users",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .help = "Who may log in, with a password of his own, and what each may do: sections [user.NAME] with "
               "password, rights and prefixes; nobody but its owner may read it; read again when it has "
               "changed"},
      {.flag = "hash-password",
       .kind = OptionKind::toggle,
       .scope = program::OptionScope::command,
       .help = "Serve nothing; read a password from standard input, and write what stands for it in the file "
               "of --users"},
      {.flag = "password-file",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .help = "A file whose first line is the password, in place of --password; nobody but its owner may "
               "read it"},
      {.flag = "login-delay-max",
       .kind = OptionKind::duration,
       .default_text = "5s",
       .max = 60'000,
       .help =
           "How long logins from an address, or over a Unix socket, are held back at most after wrong ones "
           "from there: 100ms after two, then twice as long each time; 0 means not at all"},
      {.flag = "login-timeout",
       .kind = OptionKind::duration,
       .default_text = "0",
       .help = "How long a connection that has to log in may take for it before it is closed, what "
               "--login-delay-max holds it back included; 0 means for ever"},
      {.flag = "requests-per-address",
       .kind = OptionKind::count,
       .default_text = "0",
       .max = 1'000'000,
       .help = "The most requests a second from one address, as for --connections-per-address; more wait, "
               "beyond a second's worth at once; 0 means no such bound"},
      {.flag = "requests-per-user",
       .kind = OptionKind::count,
       .default_text = "0",
       .max = 1'000'000,
       .help = "The same for one user, from wherever his requests come; who does not log in is the user "
               "default"},
      {.flag = "password",
       .kind = OptionKind::text,
       .value_text = "TEXT",
       .help = "What connections have to log in with, as the user default; on a command line everybody who "
               "uses the "
               "machine can see it"},
      {.flag = "slowlog-log-slower-than",
       .kind = OptionKind::count_or_none,
       .value_text = "MICROSECONDS",
       .default_text = "10000",
       .max = INT64_MAX,
       .help = "How long a command may take before SLOWLOG shows it; 0 means all that are timed, -1 none"},
      {.flag = "slowlog-max-len",
       .kind = OptionKind::count,
       .default_text = "128",
       .max = INT64_MAX,
       .help = "The most commands that SLOWLOG shows"},
      program::allow_origin_option_row(
          "A web origin, as https://host or https://host:port, whose pages may read and change the cache "
          "over HTTP and WebSocket; those of this server's own address and of localhost may anyway; may be "
          "given more than once"),
      program::user_option_row(),
      program::sandbox_option_row(),
  };
  for (const program::OptionRow& row : program::tls_option_rows()) table.rows.push_back(row);
  for (const program::OptionRow& row : program::common_option_rows(program::health_check_schemes())) {
    table.rows.push_back(row);
  }
  return table;
}

}  // namespace

const program::OptionTable& server_option_table() {
  static const program::OptionTable table = make_table();
  return table;
}

}  // namespace larder::server
