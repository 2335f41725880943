#include "arguments.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cache/factory.h"

namespace larder::bench {

void Arguments::parse(int argc, char** argv) {
  for (const std::string_view name : cache::backend_names()) backends_.emplace_back(name);
  CLI::App app{summary_};
  for (const Row& row : rows_) {
    app.add_option("--" + row.name, *row.value, row.help)
        ->capture_default_str()
        ->transform(CLI::AsSizeValue(false).description(""));
  }
  app.add_option("--backend", backends_, "Only this back end; may be given more than once")
      ->capture_default_str()
      ->check(CLI::IsMember(backends_));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);  // NOLINT(concurrency-mt-unsafe): no thread was started yet
  }
}

}  // namespace larder::bench
