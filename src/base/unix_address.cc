#include "base/unix_address.h"

#include <cstring>

#include "base/assert.h"

namespace larder {

sockaddr_un unix_address(const std::string& path) {
  LARDER_ASSERT(!path.empty());
  LARDER_ASSERT(path.size() <= unix_path_size_max);
  LARDER_ASSERT(path.find('\0') == std::string::npos);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace larder
