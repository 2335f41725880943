// base/digest_stream.h: digest64() of bytes that come one portion after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace larder {

/// XXH3 of 64 bits, the same however the bytes are cut.
///
/// Errors     the constructor throws std::bad_alloc
class DigestStream final {
 public:
  DigestStream();
  ~DigestStream();
  DigestStream(DigestStream&&) noexcept;
  DigestStream& operator=(DigestStream&&) noexcept;

  void add(Bytes bytes);
  /// Of all that was added so far.
  [[nodiscard]] std::uint64_t value() const;
  [[nodiscard]] std::size_t held_size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace larder
