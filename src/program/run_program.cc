#include "program/run_program.h"

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "program/health_check.h"
#include "program/log.h"

namespace larder::program {
namespace {

// The promise is 2 seconds for the whole program, its start included.
constexpr Duration health_check_limit{1800};

int report_health(const OptionTable& table, const Endpoint& endpoint) {
  const Result<void> answer = check_health(endpoint, health_check_limit);
  if (answer) return exit_clean;
  std::fprintf(stderr, "%s: %s: %s\n", std::string(table.program).c_str(), endpoint.url().c_str(),
               answer.error().message.c_str());
  return exit_failed;
}

int run(const OptionTable& table, const std::vector<std::string>& arguments,
        FunctionRef<int(const OptionValues&)> serve) {
  const Result<ParsedOptions> options = read_options(table, arguments, environment_variables());
  if (!options) return refuse_option(table, options.error());
  if (const std::optional<std::string>& answer = options->answer; answer.has_value()) {
    const bool is_written = std::fputs(answer->c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    return is_written ? exit_clean : exit_failed;
  }
  if (table.find("log-level") != nullptr) set_log_level(log_level_of(options->values.text("log-level")));
  for (const std::string& warning : options->warnings) log_warn(warning);
  if (table.find("healthcheck") != nullptr && options->values.is_given("healthcheck")) {
    return report_health(table, options->values.endpoint("healthcheck"));
  }
  return serve(options->values);
}

}  // namespace

int refuse_option(const OptionTable& table, const Error& error) {
  std::fprintf(stderr, "%s: %s\n", std::string(table.program).c_str(), error.message.c_str());
  return exit_bad_option;
}

int run_program(const OptionTable& table, int argument_count, const char* const* arguments,
                FunctionRef<int(const OptionValues&)> serve) {
  try {
    std::vector<std::string> words;
    for (int i = 1; i < argument_count; ++i) words.emplace_back(arguments[i]);
    return run(table, words, serve);
  } catch (const std::exception& exception) {
    log_error(std::string("failed: ") + exception.what());
    return exit_failed;
  }
}

}  // namespace larder::program
