// program/tls_options.h: --tls-cert and its kin, of every program that listens.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"
#include "program/option_table.h"
#include "program/options.h"

namespace larder::program {

/// The rows --tls-cert, --tls-key and --tls-client-ca.
[[nodiscard]] std::vector<OptionRow> tls_option_rows();

/// Their values: paths, as they were given. Empty: not given.
struct TlsPaths {
  std::string certificate;
  std::string key;
  std::string client_ca;
};

/// Errors: malformed, a sentence that starts with where a value stands: one is missing for the addresses to
/// listen on, or is of no use.
[[nodiscard]] Result<TlsPaths> tls_paths(const OptionValues& values, std::span<const Endpoint> listen);

/// Where these files are, and where links lead: what must stay readable for them to be read again.
[[nodiscard]] std::vector<std::string> tls_folders(const TlsPaths& paths);

/// Tells what came of reading the files again: another certificate is used, or why not; nothing if they were
/// the same.
void log_tls_reload(const Result<bool>& is_replaced);

}  // namespace larder::program
