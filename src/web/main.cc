// larder-web: the web application in front of the cache.
#include "program/run_program.h"
#include "web/web_app.h"
#include "web/web_options.h"

int main(int argument_count, char** arguments) {
  return larder::program::run_program(
      larder::web::web_option_table(), argument_count, arguments,
      [](const larder::program::OptionValues& values) { return larder::web::serve(values); });
}
