// program/landlock.h: which files this process may still reach, and which ports.
//
// Landlock is the kernel's way for a program without rights to give up more of them. What is open stays open;
// what is opened from here on must lie under one of the rules. The kernel's version says what else there is:
//
//   1 files, 3 truncating them   4 TCP: nobody binds, and connects only to the ports named
//   2 renames between folders    6 no signals to other processes, no abstract sockets of theirs
//
// Source: landlock(7); the kernel's Documentation/userspace-api/landlock.rst.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace larder::program {

struct PathRule {
  enum class Access : std::uint8_t {
    read,     // a file, or whatever is in a folder
    remove,   // a folder: it may be opened, and files in it may be removed
    rewrite,  // a folder: files in it may be read, made, written, renamed and removed
  };
  std::string path;  // of what is not there, or cannot be reached, nothing is allowed
  Access access = Access::read;
};

struct LandlockRules {
  std::vector<PathRule> paths;
  std::vector<std::uint16_t> connect_ports;  // of TCP, on any host
};

/// Which version the kernel has. Errors: unsupported (none, or it is turned off).
[[nodiscard]] Result<int> landlock_version();

/// Holds the calling thread and all that it will start to the rules, for good. Sets no_new_privs. Before
/// other threads are there. Returns the kernel's version. Errors: unsupported.
[[nodiscard]] Result<int> restrict_files(const LandlockRules& rules);

}  // namespace larder::program
