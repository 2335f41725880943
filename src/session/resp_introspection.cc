#include <algorithm>
#include <array>
#include <optional>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/assert.h"
#include "base/glob.h"
#include "session/command_synopsis.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

std::vector<Bytes> words_of(Bytes text) {
  std::vector<Bytes> words;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, size));
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return words;
}

void write_words(protocol::ReplyEncoder& reply, Bytes text) {
  const auto words = words_of(text);
  reply.set(words.size());
  for (const Bytes word : words) reply.simple_string(word);
}

// How keys are found from the place where the first of them, or their count, stands.
void write_find_keys(protocol::ReplyEncoder& reply, const KeyPlaces& keys) {
  reply.map(2);
  reply.bulk("type");
  reply.bulk(keys.is_counted ? "keynum" : "range");
  reply.bulk("spec");
  reply.map(3);
  if (keys.is_counted) {
    reply.bulk("keynumidx");
    reply.integer(0);
    reply.bulk("firstkey");
    reply.integer(1);
    reply.bulk("keystep");
    return reply.integer(keys.step);
  }
  reply.bulk("lastkey");
  reply.integer(keys.last < 0 ? keys.last : keys.last - keys.first);
  reply.bulk("keystep");
  reply.integer(keys.step);
  reply.bulk("limit");
  reply.integer(0);
}

void write_key_spec(protocol::ReplyEncoder& reply, const KeyPlaces& keys) {
  reply.map(3);
  reply.bulk("flags");
  write_words(reply, keys.access);
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("index");
  reply.bulk("spec");
  reply.map(1);
  reply.bulk("index");
  reply.integer(keys.is_counted ? keys.first - 1 : keys.first);
  reply.bulk("find_keys");
  write_find_keys(reply, keys);
}

// Where the keys stand, in the long form: a place to begin and a range from there.
void write_key_specs(protocol::ReplyEncoder& reply, const CommandSpec& spec) {
  const KeyPlaces& keys = spec.channels.first != 0 ? spec.channels : spec.keys;
  if (keys.first == 0) return reply.set(0);
  if (keys.second_access.empty()) {
    reply.set(1);
    return write_key_spec(reply, keys);
  }
  reply.set(2);
  write_key_spec(reply, {.first = 1, .last = 1, .step = 1, .access = keys.access, .second_access = {}});
  write_key_spec(reply,
                 {.first = 2, .last = 2, .step = 1, .access = keys.second_access, .second_access = {}});
}

// NOLINTNEXTLINE(misc-no-recursion): one level, from a container to its subcommands
void write_info(protocol::ReplyEncoder& reply, const CommandSpec& spec) {
  reply.array(10);
  reply.bulk(spec.name);
  reply.integer(spec.arity);
  write_words(reply, spec.flags);
  const KeyPlaces& places = spec.channels.first != 0 ? spec.channels : spec.keys;
  const KeyPlaces shown = places.is_counted ? no_keys : places;
  reply.integer(shown.first);
  reply.integer(shown.last);
  reply.integer(shown.step);
  write_words(reply, spec.categories);
  const auto tips = words_of(spec.tips);
  reply.set(tips.size());
  for (const Bytes tip : tips) reply.bulk(tip);
  write_key_specs(reply, spec);
  if (spec.subcommands.empty()) return reply.set(0);  // as Redis has it: none are a set, some an array
  reply.array(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) write_info(reply, subcommand);
}

void write_pair(protocol::ReplyEncoder& reply, Bytes name, Bytes value) {
  reply.bulk(name);
  reply.bulk(value);
}

void write_flags(protocol::ReplyEncoder& reply, const Argument& argument) {
  std::vector<Bytes> flags;
  if (argument.is_optional) flags.emplace_back("optional");
  if (argument.is_multiple) flags.emplace_back("multiple");
  if (argument.repeats_token) flags.emplace_back("multiple_token");
  if (flags.empty()) return;
  reply.bulk("flags");
  reply.set(flags.size());
  for (const Bytes flag : flags) reply.simple_string(flag);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the synopses of the table nest
void write_arguments(protocol::ReplyEncoder& reply, std::span<const Argument> arguments) {
  reply.bulk("arguments");
  reply.array(arguments.size());
  for (const Argument& argument : arguments) {
    const bool has_flags = argument.is_optional || argument.is_multiple;
    const std::array texts{std::pair<Bytes, Bytes>{"token", argument.token},
                           std::pair<Bytes, Bytes>{"since", argument.since},
                           std::pair<Bytes, Bytes>{"deprecated_since", argument.deprecated_since}};
    const auto is_told = [](const auto& text) { return !text.second.empty(); };
    reply.map(2 + static_cast<std::size_t>(std::ranges::count_if(texts, is_told)) +
              (argument.key_spec_index ? 1U : 0U) + (has_flags ? 1U : 0U) +
              (argument.arguments.empty() ? 0U : 1U));
    write_pair(reply, "name", argument.name);
    write_pair(reply, "type", argument.type);
    if (argument.key_spec_index) {
      reply.bulk("key_spec_index");
      reply.integer(*argument.key_spec_index);
    }
    for (const auto& [name, text] : texts | std::views::filter(is_told)) write_pair(reply, name, text);
    write_flags(reply, argument);
    if (!argument.arguments.empty()) write_arguments(reply, argument.arguments);
  }
}

// Complexity, history and advice against a command are not told: prose of others, and redis-cli shows
// none of it.
//
// NOLINTNEXTLINE(misc-no-recursion): one level, from a container to its subcommands
void write_docs(protocol::ReplyEncoder& reply, const CommandSpec& spec) {
  const auto arguments = parse_synopsis(spec.synopsis);
  reply.bulk(spec.name);
  reply.map(3U + (arguments.empty() ? 0U : 1U) + (spec.subcommands.empty() ? 0U : 1U));
  write_pair(reply, "summary", spec.summary);
  write_pair(reply, "since", spec.since);
  write_pair(reply, "group", spec.group);
  if (!arguments.empty()) write_arguments(reply, arguments);
  if (spec.subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) write_docs(reply, subcommand);
}

constexpr std::size_t category_size_max = 64;
constexpr std::size_t name_size_max = 64;

auto served_commands() { return command_table() | std::views::filter(&CommandSpec::is_served); }

std::size_t served_count() {
  return static_cast<std::size_t>(std::ranges::count_if(command_table(), &CommandSpec::is_served));
}

// "get", or "client|id". Null: there is none, or it is not served.
const CommandSpec* find_by_full_name(Bytes name) {
  const std::size_t bar = name.find('|');
  const CommandSpec* spec = find_command(name.substr(0, bar));
  if (spec != nullptr && !spec->is_served) return nullptr;
  if (spec == nullptr || bar == Bytes::npos) return spec;
  return find_subcommand(*spec, name.substr(bar + 1));
}

}  // namespace

// X HELP, of any X: its subcommands and what the table says of them.
void handle_help(RespCall& call) {
  const CommandSpec* container = find_command(call.arguments.front());
  LARDER_ASSERT(container != nullptr);
  const std::size_t prefix_size = container->name.size() + 1;
  call.reply.array(1 + 2 * container->subcommands.size());
  call.reply.simple_string(to_upper(container->name) +
                           " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const CommandSpec& subcommand : container->subcommands) {
    call.reply.simple_string(to_upper(subcommand.name.substr(prefix_size)));
    call.reply.simple_string("    " + std::string(subcommand.summary));
  }
}

void handle_command(RespCall& call) {
  call.reply.array(served_count());
  for (const CommandSpec& spec : served_commands()) write_info(call.reply, spec);
}

void handle_command_count(RespCall& call) { call.reply.integer(static_cast<std::int64_t>(served_count())); }

void handle_command_info(RespCall& call) {
  const auto names = call.arguments.subspan(2);
  if (names.empty()) return handle_command(call);
  call.reply.array(names.size());
  for (const Bytes name : names) {
    if (outgrows_output(call)) return;
    const CommandSpec* spec = find_by_full_name(name);
    if (spec != nullptr) {
      write_info(call.reply, *spec);
    } else {
      call.reply.null();
    }
  }
}

// Names that are not known are left out.
void handle_command_docs(RespCall& call) {
  std::vector<const CommandSpec*> specs;
  for (const Bytes name : call.arguments.subspan(2)) {
    const CommandSpec* spec = find_by_full_name(name);
    if (spec != nullptr) specs.push_back(spec);
  }
  if (call.arguments.size() == 2) {
    for (const CommandSpec& spec : served_commands()) specs.push_back(&spec);
  }
  call.reply.map(specs.size());
  for (const CommandSpec* spec : specs) {
    if (outgrows_output(call)) return;
    write_docs(call.reply, *spec);
  }
}

// COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]: commands and subcommands alike, a
// container by what it is itself.
void handle_command_list(RespCall& call) {
  const auto words = call.arguments.subspan(2);
  std::vector<Bytes> names;
  const auto add_if = [&](auto is_wanted) {
    for_each_served([&](const CommandSpec& spec) {
      if (is_wanted(spec)) names.push_back(spec.name);
    });
  };
  const bool is_filtered = words.size() == 3 && equals_ignoring_case(words[0], "filterby");
  if (words.empty()) {
    add_if([](const CommandSpec&) { return true; });
  } else if (is_filtered && equals_ignoring_case(words[1], "aclcat")) {
    const std::string category = "@" + to_lower(words[2].substr(0, category_size_max));
    add_if([&](const CommandSpec& spec) { return has_word(spec.categories, category); });
  } else if (is_filtered && equals_ignoring_case(words[1], "pattern")) {
    Glob glob(to_lower(words[2]), name_size_max);
    add_if([&](const CommandSpec& spec) { return glob.matches(spec.name); });
  } else if (!is_filtered || !equals_ignoring_case(words[1], "module")) {
    return call.reply.error(syntax_error);
  }
  call.reply.array(names.size());
  for (const Bytes name : names) call.reply.bulk(name);
}

namespace {

// What a command does to the key that is its `index`th.
Bytes access_of_key(const KeyPlaces& keys, std::span<const Bytes> command, std::size_t index) {
  if (keys.chosen_access != nullptr) return keys.chosen_access(command);
  return index > 0 && !keys.second_access.empty() ? keys.second_access : keys.access;
}

// The keys of the command that stands behind COMMAND GETKEYS; none: `call` is answered with an error.
struct KeysOfCommand {
  const CommandSpec* spec;
  std::vector<Bytes> keys;
};
std::optional<KeysOfCommand> keys_of_command(RespCall& call) {
  const auto command = call.arguments.subspan(2);
  const CommandSpec* spec = find_command(command.front());
  if (spec != nullptr && !spec->subcommands.empty() && command.size() > 1) {
    spec = find_subcommand(*spec, command[1]);
  }
  const auto fail = [&call](Bytes error) {
    call.reply.error(error);
    return std::nullopt;
  };
  if (spec == nullptr || !spec->is_served) return fail("ERR Invalid command specified");
  if (spec->keys.first == 0) return fail("ERR The command has no key arguments");
  if (!accepts_argument_count(*spec, command.size())) {
    return fail("ERR Invalid number of arguments specified for command");
  }
  KeysOfCommand found{.spec = spec, .keys = {}};
  for_each_key(*spec, command, [&found](Bytes key) { found.keys.push_back(key); });
  return found;
}

}  // namespace

void handle_command_getkeys(RespCall& call) {
  const auto found = keys_of_command(call);
  if (!found) return;
  call.reply.array(found->keys.size());
  for (const Bytes key : found->keys) call.reply.bulk(key);
}

void handle_command_getkeysandflags(RespCall& call) {
  const auto found = keys_of_command(call);
  if (!found) return;
  call.reply.array(found->keys.size());
  for (std::size_t i = 0; i < found->keys.size(); ++i) {
    if (outgrows_output(call)) return;
    call.reply.array(2);
    call.reply.bulk(found->keys[i]);
    write_words(call.reply, access_of_key(found->spec->keys, call.arguments.subspan(2), i));
  }
}

}  // namespace larder::session
