// session/common_sequence.h: the longest sequence of bytes that two values have in common, in order but not
// in one piece.
//
// Let L(i, j) be its length for the first i bytes of `a` and the first j of `b`. From one j to the next it
// grows by one or not at all, so a row of L is kept as a row of bits, and 64 of them cost a few instructions:
//
//          m y n e w t e x t       bit j of row i: 1 where L(i, j) is no larger than L(i, j - 1)
//     m    0 1 1 1 1 1 1 1 1       m stands in both: from here on there is one byte in common
//     y    0 0 1 1 1 1 1 1 1       and from here on two
//
// On the way back from the last row to the first the bytes come out, the last one first. Where several
// sequences are equally long, that way is the one of Redis' LCS: equal bytes are taken; else `a` loses its
// last byte if L(i - 1, j) > L(i, j - 1), and `b` its last otherwise. L(i, j) is then the larger of these
// two, so that it is `a` exactly where L(i, j) has grown: the bit tells it.
//
// Source: Hyyrö, "Bit-Parallel LCS-length Computation Revisited", AWOCA 2004.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace larder::session {

/// The same bytes in both, from a_start and from b_start on.
struct CommonPiece {
  std::size_t a_start;
  std::size_t b_start;
  std::size_t size;
  friend bool operator==(const CommonPiece&, const CommonPiece&) = default;
};

struct CommonSequence {
  std::string bytes;
  std::vector<CommonPiece> pieces;  // the last first
};

/// Whether two values of these sizes are compared at all, which takes some 10 ms and 32 MiB at most. Redis'
/// bound, by which its table may have 512 MiB, and 2 MiB for both together.
[[nodiscard]] bool can_find_common_sequence(std::size_t a_size, std::size_t b_size);

/// Only for sizes for which that is true.
[[nodiscard]] CommonSequence find_common_sequence(Bytes a, Bytes b);

}  // namespace larder::session
