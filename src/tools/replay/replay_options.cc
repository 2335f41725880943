#include "tools/replay/replay_options.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "cache/policy/policy.h"
#include "tools/option_refusal.h"
#include "tools/trace/value_size.h"

namespace larder::tools {
namespace {

using program::OptionKind;
using program::OptionScope;
using program::OptionTable;
using program::OptionValues;

constexpr std::uint64_t made_request_count_default = 1'000'000;

constexpr std::string_view replay_notes =
    "A trace has one request a line: the object's id (a decimal number), or id,size. It may\n"
    "be packed with zstd. - is standard input.\n"
    "\n"
    "--size takes shares of the trace's distinct objects (5%) or numbers of objects (1000).\n"
    "Objects with sizes are counted in bytes, and 16mb is understood, too. They have sizes\n"
    "if the trace says so, or with --value-mean or --value-size.\n"
    "\n"
    "--make takes PART, or PART+PART...; a part is one of\n"
    "  zipf:n=OBJECTS,skew=S   the k-th of the objects as often as 1 / k^S says (S: 1)\n"
    "  loop:n=OBJECTS          one object after the other, again and again\n"
    "  scan                    a new object each time\n"
    "with *WEIGHT behind it, its share in the mix (1), and first=ID among its words, the\n"
    "id of its first object (part number k, from 0: k * 10^9).\n"
    "\n"
    "  larder-replay trace.txt.zst --policy lru,s3fifo --size 1%,5%\n"
    "  larder-replay trace.txt.zst --curve curves.svg\n"
    "  larder-replay --make 'zipf:n=100000,skew=0.9*0.8+scan*0.2' --output trace.zst\n"
    "  larder-replay trace.txt.zst --server resp://127.0.0.1:6379 --value-mean 200\n"
    "\n"
    "With --server, a hit whose bytes are not those that were stored makes the exit\n"
    "status 1.";

// The help of --policy names them all; the table's texts live as long as the program.
std::string_view policy_help() {
  static const std::string help = [] {
    std::string text = "Eviction policies to simulate:";
    std::string_view separator = " ";
    for (const std::string_view name : cache::policy::policy_names()) {
      text += std::string(separator) + std::string(name);
      separator = ", ";
    }
    return text;
  }();
  return help;
}

OptionTable make_replay_table() {
  static constexpr std::array<std::string_view, 1> server_schemes{"resp"};
  OptionTable table{
      .program = "larder-replay",
      .summary = "Replays request traces: miss ratios by policy and size, curves, running servers",
      .environment_prefix = "LARDER_REPLAY_",
      .positional = "trace",
      .notes = replay_notes};
  table.rows = {
      {.flag = "trace",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .scope = OptionScope::command,
       .help = "The trace to replay; - is standard input"},
      {.flag = "make",
       .kind = OptionKind::text,
       .value_text = "MIX",
       .scope = OptionScope::command,
       .help = "Make the requests instead of reading them: zipf, loop, scan or a mix, see below"},
      {.flag = "seed",
       .kind = OptionKind::count,
       .default_text = "1",
       .help = "With --make: the same seed is the same trace on every machine, another seed another trace"},
      {.flag = "requests",
       .kind = OptionKind::count,
       .default_note = "all of a trace, 1000000 of --make",
       .example = "1000000",
       .min = 1,
       .max = synthetic_request_count_max,
       .help = "How many requests at most"},
      {.flag = "policy",
       .kind = OptionKind::text_list,
       .value_text = "NAME,...|all",
       .default_text = "all",
       .help = policy_help()},
      {.flag = "size",
       .kind = OptionKind::text_list,
       .value_text = "SIZE,...",
       .default_note = "1%,5%,20%, and with --curve from 0.1% to 100%",
       .example = "1%,5%,20%",
       .help = "Sizes of the caches to simulate, see below"},
      {.flag = "curve",
       .kind = OptionKind::text,
       .value_text = "FILE.svg",
       .scope = OptionScope::command,
       .help = "Also draw the miss ratios by size into this file, as SVG"},
      {.flag = "output",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .scope = OptionScope::command,
       .help = "Simulate nothing; write the requests into this file, packed if its name ends in .zst; - is "
               "standard output"},
      {.flag = "server",
       .kind = OptionKind::endpoint,
       .choices = server_schemes,
       .scope = OptionScope::command,
       .help = "Simulate nothing; replay against the server there as a look-aside client: 16 GETs at a time, "
               "then SETs of what was missing, and every hit checked"},
      {.flag = "value-mean",
       .kind = OptionKind::size,
       .default_note = "200b with --server, if the trace has no sizes",
       .example = "200",
       .min = 1,
       .max = log_normal_value_size_max,
       .help = "Give each object a size of its own, from its id, log-normal with this mean"},
      {.flag = "value-size",
       .kind = OptionKind::size,
       .example = "200",
       .min = 1,
       .max = replay_value_size_max,
       .help = "Give all objects this size"},
      program::config_option_row(),
  };
  return table;
}

// What was given is a list of lists: --size 1%,5% --size 20%.
std::vector<std::string> words_of(const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const std::string& text : texts) {
    std::size_t start = 0;
    while (start <= text.size()) {
      const std::size_t end = std::min(text.find(',', start), text.size());
      words.push_back(text.substr(start, end - start));
      start = end + 1;
    }
  }
  return words;
}

Result<std::vector<std::string>> policies_of(const OptionValues& values) {
  const auto names = cache::policy::policy_names();
  std::vector<std::string> policies;
  const auto add = [&](std::string_view name) {
    if (std::ranges::find(policies, name) == policies.end()) policies.emplace_back(name);
  };
  for (const std::string& word : words_of(values.texts("policy"))) {
    if (word == "all") {
      for (const std::string_view name : names) add(name);
    } else if (std::ranges::find(names, word) != names.end()) {
      add(word);
    } else {
      return refused(values, "policy", "there is no policy '" + word + "'; see --help");
    }
  }
  return policies;
}

Result<std::vector<CacheSize>> sizes_of(const OptionValues& values, bool has_curve) {
  if (!values.is_given("size") && has_curve) return curve_cache_sizes();
  std::vector<CacheSize> sizes;
  const std::vector<std::string> words =
      values.is_given("size") ? words_of(values.texts("size")) : std::vector<std::string>{"1%", "5%", "20%"};
  for (const std::string& word : words) {
    Result<CacheSize> size = parse_cache_size(word);
    if (!size) return refused(values, "size", size.error().message);
    sizes.push_back(*std::move(size));
  }
  return sizes;
}

// Where the requests come from.
Result<void> fill_source(ReplayOptions& options, const OptionValues& values) {
  const bool is_made = values.is_given("make");
  if (is_made == values.is_given("trace")) {
    return failure(ErrorKind::malformed,
                   is_made ? "--make takes the place of a trace: leave one of the two out"
                           : "a trace is needed: name a file, or describe one with --make; see --help");
  }
  options.request_count_max = values.is_given("requests")
                                  ? values.number("requests")
                                  : (is_made ? made_request_count_default : synthetic_request_count_max);
  if (!is_made) {
    if (values.is_given("seed")) return refused(values, "seed", "is for a trace that --make makes");
    options.trace_path = values.text("trace");
    return {};
  }
  options.made_text = values.text("make");
  options.seed = values.number("seed");
  Result<std::vector<Pattern>> patterns = parse_patterns(options.made_text);
  if (!patterns) return refused(values, "make", patterns.error().message);
  options.patterns = *std::move(patterns);
  return {};
}

// What happens to them. What another action would have used is refused, since it would be forgotten silently.
Result<void> fill_action(ReplayOptions& options, const OptionValues& values) {
  for (const auto& [flag, action] :
       {std::pair{"output", ReplayAction::write}, std::pair{"server", ReplayAction::serve}}) {
    if (!values.is_given(flag)) continue;
    options.action = action;
    for (const std::string_view other : {"policy", "size", "curve", "output", "server"}) {
      if (other == flag || !values.is_given(other)) continue;
      return refused(values, other, "cannot go together with --" + std::string(flag));
    }
  }
  if (options.action == ReplayAction::write) options.output_path = values.text("output");
  if (options.action == ReplayAction::serve) options.server = values.endpoint("server");
  if (values.is_given("curve")) {
    options.curve_path = values.text("curve");
    if (!options.curve_path.ends_with(".svg")) {
      return refused(values, "curve", "curves are drawn as SVG: the name of the file has to end in .svg");
    }
  }
  return {};
}

Result<ValueRule> value_rule_of(const OptionValues& values) {
  if (values.is_given("value-mean") && values.is_given("value-size")) {
    return refused(values, "value-mean", "cannot go together with --value-size");
  }
  if (values.is_given("value-mean")) {
    return ValueRule{.kind = ValueRuleKind::log_normal, .size = values.number("value-mean")};
  }
  if (values.is_given("value-size")) {
    return ValueRule{.kind = ValueRuleKind::fixed, .size = values.number("value-size")};
  }
  return ValueRule{};
}

}  // namespace

const OptionTable& replay_option_table() {
  static const OptionTable table = make_replay_table();
  return table;
}

Result<ReplayOptions> replay_options(const OptionValues& values) {
  ReplayOptions options;
  if (const Result<void> filled = fill_source(options, values); !filled)
    return std::unexpected(filled.error());
  if (const Result<void> filled = fill_action(options, values); !filled)
    return std::unexpected(filled.error());
  const Result<ValueRule> rule = value_rule_of(values);
  if (!rule) return std::unexpected(rule.error());
  options.value_rule = *rule;
  Result<std::vector<std::string>> policies = policies_of(values);
  if (!policies) return std::unexpected(policies.error());
  options.policies = *std::move(policies);
  Result<std::vector<CacheSize>> sizes = sizes_of(values, !options.curve_path.empty());
  if (!sizes) return std::unexpected(sizes.error());
  options.sizes = *std::move(sizes);
  return options;
}

}  // namespace larder::tools
