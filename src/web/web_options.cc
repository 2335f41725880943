#include "web/web_options.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "program/allowed_origins.h"
#include "program/health_check.h"
#include "program/run_as.h"
#include "program/sandbox.h"
#include "program/unix_mode.h"

namespace larder::web {

using program::OptionKind;
using program::OptionRow;
using program::OptionTable;

const OptionTable& web_option_table() {
  static constexpr std::array<std::string_view, 2> listen_schemes{"http", "http+tls"};
  static constexpr std::array<std::string_view, 1> cache_schemes{"resp"};
  static const OptionTable table = [] {
    OptionTable rows{.program = "larder-web",
                     .summary = "A web application that stores and looks up values in a Larder cache",
                     .environment_prefix = "LARDER_WEB_"};
    rows.rows = {
        {.flag = "listen",
         .kind = OptionKind::endpoint_list,
         .default_text = "http://127.0.0.1:5000",
         .min = 1,
         .choices = listen_schemes,
         .help =
             "Where to serve: http://host:port, where port 0 picks a free one, http+tls://host:port for TLS, "
             "or http+unix:///path for a Unix socket"},
        program::unix_mode_option_row(),
        {.flag = "cache",
         .kind = OptionKind::endpoint,
         .default_text = "resp://127.0.0.1:6379",
         .choices = cache_schemes,
         .help = "The cache to store in, or resp+unix:///path; it may come and go while this program runs"},
        program::allow_origin_option_row(
            "A web origin, as https://host or https://host:port, whose pages may have their readers' "
            "browsers "
            "post forms; those of this program's own address and of localhost may anyway; may be given more "
            "than once"),
        program::user_option_row(),
        program::sandbox_option_row(),
    };
    for (const OptionRow& row : program::tls_option_rows()) rows.rows.push_back(row);
    for (const OptionRow& row : program::common_option_rows(program::health_check_schemes()))
      rows.rows.push_back(row);
    return rows;
  }();
  return table;
}

Result<WebOptions> web_options(const program::OptionValues& values) {
  const Result<unsigned> unix_mode = program::unix_mode(values);
  if (!unix_mode) return std::unexpected(unix_mode.error());
  Result<program::TlsPaths> tls = program::tls_paths(values, values.endpoints("listen"));
  if (!tls) return std::unexpected(tls.error());
  Result<std::vector<std::string>> allowed_origins = program::allowed_origins(values);
  if (!allowed_origins) return std::unexpected(allowed_origins.error());
  return WebOptions{.listen = values.endpoints("listen"),
                    .unix_mode = *unix_mode,
                    .cache = values.endpoint("cache"),
                    .allowed_origins = *std::move(allowed_origins),
                    .tls = *std::move(tls)};
}

}  // namespace larder::web
