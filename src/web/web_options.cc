#include "web/web_options.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "program/address_bound.h"
#include "program/allowed_origins.h"
#include "program/health_check.h"
#include "program/password_option.h"
#include "program/run_as.h"
#include "program/sandbox.h"
#include "program/unix_mode.h"

namespace larder::web {

using program::OptionKind;
using program::OptionRow;
using program::OptionTable;

const OptionTable& web_option_table() {
  static constexpr std::array<std::string_view, 2> listen_schemes{"http", "http+tls"};
  static constexpr std::array<std::string_view, 2> cache_schemes{"resp", "resp+tls"};
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
        program::address_bound_option_row(),
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
        {.flag = "cache-user",
         .kind = OptionKind::text,
         .value_text = "NAME",
         .example = "web",
         .help = "Who to log in as there; with a password alone it is the default user"},
        {.flag = "cache-password",
         .kind = OptionKind::text,
         .value_text = "PASSWORD",
         .example = "a long one",
         .help = "The password to log in with; who uses this machine can read a command line, so better "
                 "LARDER_WEB_CACHE_PASSWORD or a file"},
        {.flag = "cache-password-file",
         .kind = OptionKind::text,
         .value_text = "FILE",
         .example = "/etc/larder/web.password",
         .help = "The same in the first line of a file that nobody else may read (mode 0600)"},
        {.flag = "cache-tls-ca",
         .kind = OptionKind::text,
         .value_text = "FILE",
         .example = "/etc/larder/ca.crt",
         .help = "Who may have signed the certificate of a resp+tls:// cache, in PEM, in place of the "
                 "system's CAs"},
        {.flag = "cache-tls-cert",
         .kind = OptionKind::text,
         .value_text = "FILE",
         .example = "/etc/larder/web.crt",
         .help = "The certificate of this program, in PEM with its chain, for a cache that asks for one"},
        {.flag = "cache-tls-key",
         .kind = OptionKind::text,
         .value_text = "FILE",
         .example = "/etc/larder/web.key",
         .help = "Its key, in PEM without a passphrase"},
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
  auto password = program::given_password(values, "cache-password", "cache-password-file");
  if (!password) return std::unexpected(password.error());
  return WebOptions{.listen = values.endpoints("listen"),
                    .unix_mode = *unix_mode,
                    .address_connection_count_max = values.number("connections-per-address"),
                    .cache = values.endpoint("cache"),
                    .cache_user = program::given_text(values, "cache-user"),
                    .cache_password = std::move(password->text),
                    .cache_tls_ca = program::given_text(values, "cache-tls-ca"),
                    .cache_tls_cert = program::given_text(values, "cache-tls-cert"),
                    .cache_tls_key = program::given_text(values, "cache-tls-key"),
                    .allowed_origins = *std::move(allowed_origins),
                    .tls = *std::move(tls),
                    .warnings = std::move(password->warnings)};
}

}  // namespace larder::web
