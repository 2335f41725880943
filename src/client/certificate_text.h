// client/certificate_text.h: what is wrong with a server's certificate, as a sentence.
#pragma once

#include <openssl/types.h>
#include <string>

namespace larder::client {

/// `code` is one of OpenSSL's X509_V_ERR_..., `certificate` the one that it is about or null, `ca_file` whom
/// the client believes, empty for the system's CAs. Of the certificate's own bytes only printable ones are
/// shown, and few.
[[nodiscard]] std::string certificate_fault(int code, const X509* certificate, const std::string& ca_file);

}  // namespace larder::client
