// ACL: who the users are, in the words of Redis 7.0. They are not changed here: a file has them.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

// A user as Redis would describe one with these rights.
struct Description {
  std::string name;
  std::string state;  // "on", "off"
  bool has_no_password = false;
  std::string digest;  // 64 hexadecimal digits; empty: there is none
  std::string commands;
  std::string keys;
  std::string channels;  // there are none yet, and only the default user could reach them
};

// The characters of the prefix itself, whatever they mean in a pattern.
std::string pattern_of(Bytes prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (Bytes("*?[]\\").contains(c)) pattern += '\\';
    pattern += c;
  }
  return pattern + "*";
}

std::string keys_of(const User& user) {
  if (!user.may(read_right) && !user.may(write_right)) return {};
  const Bytes mark = !user.may(write_right) ? "%R~" : !user.may(read_right) ? "%W~" : "~";
  if (user.prefixes.empty()) return std::string(mark) + "*";
  std::string keys;
  for (const std::string& prefix : user.prefixes) {
    keys += (keys.empty() ? "" : " ") + std::string(mark) + pattern_of(prefix);
  }
  return keys;
}

std::string commands_of(const User& user) {
  if (user.may(all_rights)) return "+@all";
  std::string commands = "-@all +@connection +@transaction";
  if (user.may(read_right)) commands += " +@read";
  if (user.may(write_right)) commands += " +@write";
  if (user.may(admin_right)) commands += " +@admin";
  return commands;
}

// For the digest of a password, which is not known, stands its hash without the salt: it is of the same
// length, and of no use to whoever guesses.
Description describe(const User& user) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(user.password.hash.data());
  return {.name = user.name,
          .state = "on",
          .digest = fmt::format("{:02x}", fmt::join(bytes, bytes + user.password.hash.size(), "")),
          .commands = commands_of(user),
          .keys = keys_of(user),
          .channels = {}};
}

// The default user of the password. Where others have to log in and there is no password, nobody is he.
Description describe_default(const Accounts& accounts) {
  if (accounts.users.is_set() && !accounts.password.is_set()) {
    return {.name = "default", .state = "off", .digest = {}, .commands = "-@all", .keys = {}, .channels = {}};
  }
  const std::string digest = accounts.password.digest_text();
  return {.name = "default",
          .state = "on",
          .has_no_password = digest.empty(),
          .digest = digest,
          .commands = "+@all",
          .keys = "~*",
          .channels = "&*"};
}

std::vector<Description> describe_all(const Accounts& accounts) {
  std::vector<Description> all;
  const auto users = accounts.users.all();
  all.reserve(users.size() + 1);
  for (const auto& user : users) all.push_back(describe(*user));
  if (accounts.users.find("default") == nullptr) all.push_back(describe_default(accounts));
  std::ranges::sort(all, {}, &Description::name);
  return all;
}

std::string line_of(const Description& user) {
  std::string line = "user " + user.name + " " + user.state;
  if (user.has_no_password) line += " nopass";
  if (!user.digest.empty()) line += " #" + user.digest;
  if (!user.keys.empty()) line += " " + user.keys;
  return line + " " + (user.channels.empty() ? "resetchannels" : user.channels) + " " + user.commands;
}

}  // namespace

void handle_acl_whoami(RespCall& call) { call.reply.bulk(call.state.login.name()); }

void handle_acl_users(RespCall& call) {
  const std::vector<Description> all = describe_all(call.environment.service.accounts);
  call.reply.array(all.size());
  for (const Description& user : all) call.reply.bulk(user.name);
}

void handle_acl_list(RespCall& call) {
  const std::vector<Description> all = describe_all(call.environment.service.accounts);
  call.reply.array(all.size());
  for (const Description& user : all) call.reply.bulk(line_of(user));
}

void handle_acl_getuser(RespCall& call) {
  const std::vector<Description> all = describe_all(call.environment.service.accounts);
  const auto user = std::ranges::find(all, call.arguments[2], &Description::name);
  if (user == all.end()) return call.reply.null();
  call.reply.map(6);
  call.reply.bulk("flags");
  call.reply.set(user->has_no_password ? 2 : 1);
  call.reply.bulk(user->state);
  if (user->has_no_password) call.reply.bulk("nopass");
  call.reply.bulk("passwords");
  call.reply.array(user->digest.empty() ? 0 : 1);
  if (!user->digest.empty()) call.reply.bulk(user->digest);
  for (const auto& [name, value] :
       {std::pair<Bytes, Bytes>("commands", user->commands), std::pair<Bytes, Bytes>("keys", user->keys),
        std::pair<Bytes, Bytes>("channels", user->channels)}) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  }
  call.reply.bulk("selectors");
  call.reply.array(0);
}

void handle_acl_cat(RespCall& call) {
  static constexpr std::array categories{
      Bytes("keyspace"), Bytes("read"),     Bytes("write"),     Bytes("set"),        Bytes("sortedset"),
      Bytes("list"),     Bytes("hash"),     Bytes("string"),    Bytes("bitmap"),     Bytes("hyperloglog"),
      Bytes("geo"),      Bytes("stream"),   Bytes("pubsub"),    Bytes("admin"),      Bytes("fast"),
      Bytes("slow"),     Bytes("blocking"), Bytes("dangerous"), Bytes("connection"), Bytes("transaction"),
      Bytes("scripting")};
  if (call.arguments.size() > 3) return reply_wrong_argument_count(call, call.spec);
  if (call.arguments.size() == 3) {
    const std::string wanted = "@" + to_lower(call.arguments[2].substr(0, 64));
    std::vector<Bytes> names;
    for_each_served([&](const CommandSpec& spec) {
      if (has_word(spec.categories, wanted)) names.push_back(spec.name);
    });
    const bool is_known = std::ranges::any_of(
        categories, [&](Bytes name) { return equals_ignoring_case(name, call.arguments[2]); });
    if (!is_known) return call.reply.error("ERR Unknown category '" + quotable(call.arguments[2]) + "'");
    call.reply.array(names.size());
    for (const Bytes name : names) call.reply.bulk(name);
    return;
  }
  call.reply.array(categories.size());
  for (const Bytes category : categories) call.reply.bulk(category);
}

}  // namespace larder::session
