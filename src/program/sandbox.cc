#include "program/sandbox.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "program/syscall_filter.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LARDER_HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LARDER_HAS_SANITIZER 1
#endif
#endif

namespace larder::program {
namespace {

constexpr std::array<std::string_view, 3> modes{"auto", "on", "off"};

#ifdef LARDER_HAS_SANITIZER
constexpr bool has_sanitizer = true;
#else
constexpr bool has_sanitizer = false;
#endif

std::unexpected<Error> cannot_do_without(const Error& error) {
  return failure(ErrorKind::unsupported, "--sandbox on: " + error.message);
}

}  // namespace

OptionRow sandbox_option_row() {
  return {.flag = "sandbox",
          .kind = OptionKind::choice,
          .default_text = modes.front(),
          .choices = modes,
          .help =
              "Whether to give up, once everything is open, all files and all calls of the kernel that "
              "are not needed; auto means as far as the kernel can (Landlock, seccomp), on means not to "
              "start where it cannot"};
}

SandboxMode sandbox_mode(const OptionValues& values) {
  const std::string& word = values.text("sandbox");
  if (word == "on") return SandboxMode::on;
  return word == "off" ? SandboxMode::off : SandboxMode::automatic;
}

std::string parent_folder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string folder_of(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real_path(::realpath(path.c_str(), nullptr), &std::free);
  return parent_folder(real_path ? real_path.get() : path);
}

// Files before calls: the filter has no room for Landlock's own. That a part is not there is found out before
// any is entered, as far as that can be told.
Result<std::string> enter_sandbox(SandboxMode mode, const SandboxNeeds& needs) {
  if (mode == SandboxMode::off) return "off";
  // Leaks are looked for by a process that traces this one, and reports name files that nobody has opened.
  if (has_sanitizer) {
    if (mode == SandboxMode::automatic) return "off (built with a sanitizer)";
    return failure(ErrorKind::unsupported, "--sandbox on: a program built with a sanitizer cannot have it");
  }
  std::string parts;
  if (const Result<int> version = landlock_version(); version) {
    const Result<int> restricted = restrict_files(needs.files);
    if (!restricted) return std::unexpected(restricted.error());
    parts = "landlock " + std::to_string(*restricted);
  } else if (mode == SandboxMode::on) {
    return cannot_do_without(version.error());
  } else {
    parts = "no landlock (" + version.error().message + ")";
  }
  const Result<void> filtered = filter_syscalls(needs.connects);
  if (filtered) return parts + ", seccomp";
  if (mode == SandboxMode::on) return cannot_do_without(filtered.error());
  return parts + ", no seccomp (" + filtered.error().message + ")";
}

}  // namespace larder::program
