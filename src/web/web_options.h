// web/web_options.h: what larder-web can be told.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"
#include "program/option_table.h"
#include "program/options.h"
#include "program/tls_options.h"

namespace larder::web {

/// The rows of larder-web; LARDER_WEB_* in the environment.
[[nodiscard]] const program::OptionTable& web_option_table();

/// The values, by name.
struct WebOptions {
  std::vector<Endpoint> listen;                  // one or more, http; port 0 picks one
  unsigned unix_mode = 0;                        // of the files of Unix sockets among them
  std::size_t address_connection_count_max = 0;  // of one address; 0: no bound
  Endpoint cache;                                // resp, plain or with TLS
  std::string cache_user{};                      // empty: the default one
  std::string cache_password{};
  std::string cache_tls_ca{};  // files; empty: not given
  std::string cache_tls_cert{};
  std::string cache_tls_key{};
  std::vector<std::string> allowed_origins{};  // whose pages may post forms, beside this program's own
  program::TlsPaths tls{};                     // for those with TLS among them
  std::vector<std::string> warnings{};         // to be logged
};

/// Errors: malformed, a sentence that starts with where the value stands.
[[nodiscard]] Result<WebOptions> web_options(const program::OptionValues& values);

}  // namespace larder::web
