#include "client/certificate_text.h"

#include <array>
#include <cstddef>
#include <ctime>
#include <memory>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/bytes.h"

namespace larder::client {
namespace {

constexpr std::size_t names_size_max = 128;

std::string date(const ASN1_TIME* time) {
  std::tm broken_down{};
  std::array<char, 32> text{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return "an unknown time";
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &broken_down);
  return std::string(text.data(), size);
}

Bytes bytes_of(const ASN1_STRING* text) {
  return Bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
               static_cast<std::size_t>(ASN1_STRING_length(text)));
}

// An address of 4 or 16 bytes, in digits.
std::string address_text(Bytes address) {
  std::string text;
  const bool is_ipv4 = address.size() == 4;
  for (std::size_t i = 0; i < address.size(); ++i) {
    constexpr Bytes digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(address[i]);
    if (is_ipv4) {
      text += (i == 0 ? "" : ".") + std::to_string(byte);
    } else {
      if (i > 0 && i % 2 == 0) text += ':';
      text += digits[byte >> 4U];
      text += digits[byte & 15U];
    }
  }
  return text;
}

// Whom it is for: "other.example, 10.0.0.1". Empty: it does not say.
std::string names(const X509* certificate) {
  std::string text;
  const auto add = [&](Bytes name) {
    if (!text.empty()) text += ", ";
    for (const char c : name.substr(0, names_size_max)) text += c > ' ' && c < 0x7F ? c : '?';
  };
  struct Free {
    void operator()(GENERAL_NAMES* all) const { GENERAL_NAMES_free(all); }
  };
  const std::unique_ptr<GENERAL_NAMES, Free> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()) && text.size() < names_size_max; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) add(bytes_of(name->d.dNSName));
    if (name->type == GEN_IPADD) add(address_text(bytes_of(name->d.iPAddress)));
  }
  if (!text.empty()) return text;
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index >= 0) add(bytes_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index))));
  return text;
}

}  // namespace

std::string certificate_fault(int code, const X509* certificate, const std::string& ca_file) {
  const std::string whose = "the server's certificate ";
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose + "has expired" +
             (certificate == nullptr ? "" : ": it was good until " + date(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose + "is not valid yet" +
             (certificate == nullptr ? "" : ": it will be from " + date(X509_get0_notBefore(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::string for_whom = certificate == nullptr ? "" : names(certificate);
      return whose + "is for " + (for_whom.empty() ? "another host" : for_whom);
    }
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return whose + "is not signed by a CA of " + (ca_file.empty() ? "this system's" : ca_file);
    default:
      return whose + "cannot be believed: " + X509_verify_cert_error_string(code);
  }
}

}  // namespace larder::client
