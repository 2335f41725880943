#include "client/server_address.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace larder::client {
namespace {

std::optional<unsigned> hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

// Not protocol/http's: what users install holds no more of ours than RESP.
std::optional<std::string> percent_decoded(Bytes text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto high = hex_value(text[i + 1]);
    const auto low = hex_value(text[i + 2]);
    if (!high || !low) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

}  // namespace

Result<ServerAddress> parse_server_address(Bytes url) {
  ServerAddress address;
  std::string bare(url);
  if (const Bytes login = login_in(url); !login.empty()) {
    bare.erase(static_cast<std::size_t>(login.data() - url.data()), login.size());
    const Bytes name = login.substr(0, login.find_first_of(":@"));
    const Bytes rest = login.substr(name.size(), login.size() - name.size() - 1);
    auto user = percent_decoded(name);
    auto password = percent_decoded(rest.empty() ? rest : rest.substr(1));
    if (!user || !password) {
      return failure(ErrorKind::malformed,
                     "'" + without_login(url) + "': a % of its login is not followed by two hex digits");
    }
    address.login = {.user = *std::move(user), .password = *std::move(password)};
  }
  auto endpoint = parse_endpoint(bare);
  if (!endpoint) return std::unexpected(endpoint.error());
  address.endpoint = *std::move(endpoint);
  return address;
}

}  // namespace larder::client
