// program/sandbox.h: what a program gives up once it is ready, so that a mistake in it is not the machine's.
//
//   files and ports    landlock.h          each part where the kernel has it
//   calls              syscall_filter.h
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "program/landlock.h"
#include "program/option_table.h"
#include "program/options.h"

namespace larder::program {

enum class SandboxMode : std::uint8_t {
  automatic,  // those parts that the kernel has
  on,         // both, or the program does not start
  off,
};

/// All that a program still reaches, beside what it has open.
struct SandboxNeeds {
  LandlockRules files;
  bool connects = false;  // to other programs, by names that are looked up
};

[[nodiscard]] OptionRow sandbox_option_row();
[[nodiscard]] SandboxMode sandbox_mode(const OptionValues& values);

/// The folder of a path, which is not looked at.
[[nodiscard]] std::string parent_folder(const std::string& path);
/// The folder that a file is in, links followed: what replaces the file is made there.
[[nodiscard]] std::string folder_of(const std::string& path);

/// Closes it behind the calling thread and all that it will start, for good. Before other threads are there,
/// after everything is open. Returns which parts are in force and why not the others: "landlock 4, seccomp".
/// Errors: unsupported (`on`, and the kernel lacks a part; or, whatever the mode, it refuses half way).
[[nodiscard]] Result<std::string> enter_sandbox(SandboxMode mode, const SandboxNeeds& needs);

}  // namespace larder::program
