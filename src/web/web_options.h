// web/web_options.h: what larder-web can be told.
#pragma once

#include <vector>

#include "base/endpoint.h"
#include "program/option_table.h"
#include "program/options.h"

namespace larder::web {

/// The rows of larder-web; LARDER_WEB_* in the environment.
[[nodiscard]] const program::OptionTable& web_option_table();

/// The values, by name.
struct WebOptions {
  std::vector<Endpoint> listen;  // one or more, http; port 0 picks one
  Endpoint cache;                // resp
};

[[nodiscard]] WebOptions web_options(const program::OptionValues& values);

}  // namespace larder::web
