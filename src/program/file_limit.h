// program/file_limit.h: how many descriptors this process may have, and so how many connections.
//
// The soft limit is mostly 1024, for the sake of programs that use select(2). We do not, so it is raised to
// the hard one at start.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder::program {

/// Raises the soft limit of open files to the hard one and returns the limit that now holds.
std::uint64_t raise_file_limit();

/// How many of `wanted` connections a limit of `file_limit` descriptors has room for when the program itself
/// needs `reserved`; at least 1, so that a program in a tiny limit still serves somebody.
[[nodiscard]] std::size_t connections_that_fit(std::size_t wanted, std::uint64_t file_limit,
                                               std::uint64_t reserved);

}  // namespace larder::program
