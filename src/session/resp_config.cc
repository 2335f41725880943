#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/glob.h"
#include "session/config_parameters.h"
#include "session/resp_handlers.h"
#include "session/server_stats.h"

namespace larder::session {
namespace {

constexpr std::size_t parameter_name_size_max = 64;
constexpr std::size_t reason_size_max = 512;

}  // namespace

// By the names of Redis or patterns of them. A name that is no pattern comes back as it was written.
void handle_config_get(RespCall& call) {
  std::vector<std::pair<Bytes, const Parameter*>> found;
  const auto add = [&](Bytes name, const Parameter& parameter) {
    const bool is_known =
        std::ranges::any_of(found, [&](const auto& pair) { return pair.second == &parameter; });
    if (!is_known) found.emplace_back(name, &parameter);
  };
  for (const Bytes word : call.arguments.subspan(2)) {
    if (word.find_first_of("*?[\\") == Bytes::npos) {
      if (const Parameter* parameter = find_config_parameter(word)) add(word, *parameter);
      continue;
    }
    Glob glob(to_lower(word), parameter_name_size_max);
    for (const Parameter& parameter : config_parameters()) {
      if (glob.matches(parameter.name)) add(parameter.name, parameter);
    }
  }
  call.reply.map(found.size());
  for (const auto& [name, parameter] : found) {
    call.reply.bulk(name);
    call.reply.bulk(value_of(call.environment, *parameter));
  }
}

// All or nothing. What cannot be asked for at all is found first, and told by the name as it was typed.
void handle_config_set(RespCall& call) {
  const auto words = call.arguments.subspan(2);
  if (words.size() % 2 != 0) return call.reply.error(syntax_error);
  const auto fail = [&call](const std::string& name, Bytes reason) {
    call.reply.error("ERR CONFIG SET failed (possibly related to argument '" + name + "') - " +
                     std::string(reason));
  };
  std::vector<const Parameter*> found;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const Parameter* parameter = find_config_parameter(words[i]);
    if (parameter == nullptr) {
      return call.reply.error("ERR Unknown option or number of arguments for CONFIG SET - '" +
                              quotable(words[i]) + "'");
    }
    if (const Bytes reason = fixed_reason(*parameter); !reason.empty()) {
      return fail(std::string(words[i]), reason);
    }
    if (std::ranges::find(found, parameter) != found.end()) {
      return fail(std::string(words[i]), "duplicate parameter");
    }
    found.push_back(parameter);
  }
  for (const Pass pass : {Pass::asks, Pass::sets}) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (const Refusal refusal = set_value(call.environment, *found[i], words[2 * i + 1], pass)) {
        return fail(std::string(found[i]->name), *refusal);
      }
    }
  }
  call.reply.ok();
}

void handle_config_resetstat(RespCall& call) {
  reset_stats(call.keys, call.environment);
  call.reply.ok();
}

// The worker waits for the disk, as Redis' only thread does: the reply promises that the file is there.
void handle_config_rewrite(RespCall& call) {
  Control* const control = call.environment.service.control;
  const Result<void> written =
      control != nullptr ? control->rewrite_config() : failure(ErrorKind::unsupported, "nothing to write to");
  if (written) return call.reply.ok();
  if (written.error().kind == ErrorKind::unsupported) {
    return call.reply.error("ERR The server is running without a config file");
  }
  call.reply.error("ERR Rewriting config file: " + quotable(written.error().message, reason_size_max));
}

}  // namespace larder::session
