// larder-server.
#include "program/run_program.h"
#include "server/run_server.h"
#include "server/server_options.h"

int main(int argument_count, char** arguments) {
  return larder::program::run_program(
      larder::server::server_option_table(), argument_count, arguments,
      [](const larder::program::OptionValues& values) { return larder::server::run_server(values); });
}
