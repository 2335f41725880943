#include "program/tls_options.h"

#include <algorithm>
#include <string_view>

#include "program/log.h"
#include "program/sandbox.h"

namespace larder::program {

std::vector<OptionRow> tls_option_rows() {
  return {
      {.flag = "tls-cert",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .help = "The certificate of addresses with +tls, as PEM, followed by those that lead from it to its "
               "CA; read again on SIGHUP and when it has changed, without closing a connection"},
      {.flag = "tls-key",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .help = "The key of that certificate, as PEM and without a passphrase"},
      {.flag = "tls-client-ca",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .help = "Let only clients in, at addresses with +tls, whose certificate is signed by one of these"},
  };
}

Result<TlsPaths> tls_paths(const OptionValues& values, std::span<const Endpoint> listen) {
  const auto text = [&](std::string_view flag) {
    return values.is_given(flag) ? values.text(flag) : std::string();
  };
  const auto refused = [&](std::string_view flag, const std::string& reason) {
    return failure(ErrorKind::malformed, values.origin(flag) + ": " + reason);
  };
  TlsPaths paths{.certificate = text("tls-cert"), .key = text("tls-key"), .client_ca = text("tls-client-ca")};
  const auto secured = std::ranges::find_if(listen, &Endpoint::tls);
  if (secured != listen.end() && paths.certificate.empty())
    return refused("listen", "'" + secured->url() + "' needs a certificate: give --tls-cert and --tls-key");
  if (paths.certificate.empty() != paths.key.empty()) {
    return paths.key.empty() ? refused("tls-cert", "there is no --tls-key for it")
                             : refused("tls-key", "there is no --tls-cert for it");
  }
  for (const std::string_view flag : {"tls-cert", "tls-client-ca"}) {
    if (secured == listen.end() && !text(flag).empty())
      return refused(flag, "no address to listen on has +tls, as in resp+tls://127.0.0.1:6390");
  }
  return paths;
}

std::vector<std::string> tls_folders(const TlsPaths& paths) {
  std::vector<std::string> folders;
  for (const std::string& path : {paths.certificate, paths.key, paths.client_ca}) {
    if (path.empty()) continue;
    folders.push_back(parent_folder(path));
    folders.push_back(folder_of(path));
  }
  return folders;
}

void log_tls_reload(const Result<bool>& is_replaced) {
  if (!is_replaced) {
    log_error("TLS: " + is_replaced.error().message + "; new connections get what was there before");
  } else if (*is_replaced) {
    log_info("TLS: new connections get the certificate as it is now");
  }
}

}  // namespace larder::program
