#include "base/digest_stream.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace larder {

struct DigestStream::State {
  XXH3_state_t hash;
};

// The library's own state is aligned to 64 bytes, as `new` does it since C++17.
DigestStream::DigestStream() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->hash); }
DigestStream::~DigestStream() = default;
DigestStream::DigestStream(DigestStream&&) noexcept = default;
DigestStream& DigestStream::operator=(DigestStream&&) noexcept = default;

void DigestStream::add(Bytes bytes) { XXH3_64bits_update(&state_->hash, bytes.data(), bytes.size()); }

std::size_t DigestStream::held_size() const { return sizeof *state_; }

std::uint64_t DigestStream::value() const { return XXH3_64bits_digest(&state_->hash); }

}  // namespace larder
