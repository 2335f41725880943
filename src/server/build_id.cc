#include "server/build_id.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <link.h>
#include <string_view>

namespace larder::server {
namespace {

constexpr std::size_t padded(std::size_t size) { return (size + 3) / 4 * 4; }

// A note is a header of three numbers, a name and a description, each padded to four bytes.
std::string_view find_build_id(std::string_view notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof header);
    notes.remove_prefix(sizeof header);
    const std::size_t name_size = padded(header.n_namesz);
    if (name_size + padded(header.n_descsz) > notes.size()) break;
    const bool is_of_gnu = notes.substr(0, header.n_namesz) == std::string_view("GNU\0", 4);
    if (is_of_gnu && header.n_type == NT_GNU_BUILD_ID) return notes.substr(name_size, header.n_descsz);
    notes.remove_prefix(name_size + padded(header.n_descsz));
  }
  return {};
}

// Called for the program first, and then, if it answered 0, for each library.
int note_build_id(dl_phdr_info* object, std::size_t /*size*/, void* found) {
  for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* start = std::bit_cast<const char*>(object->dlpi_addr + segment.p_vaddr);
    const std::string_view id = find_build_id({start, segment.p_memsz});
    if (id.empty()) continue;
    *static_cast<std::string_view*>(found) = id;
    break;
  }
  return 1;
}

}  // namespace

std::string build_id() {
  std::string_view id;
  ::dl_iterate_phdr(note_build_id, &id);
  std::string text;
  for (const char byte : id.substr(0, 8)) {
    const auto value = static_cast<unsigned char>(byte);
    for (const unsigned digit : {value / 16U, value % 16U}) text += "0123456789abcdef"[digit];
  }
  return text;
}

}  // namespace larder::server
