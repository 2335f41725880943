#include "program/password_option.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace larder::program {
namespace {

class File final {
 public:
  explicit File(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<Error> unusable(const std::string& path, const std::string& reason) {
  return failure(ErrorKind::malformed, "'" + path + "' " + reason);
}

std::unexpected<Error> unreadable(const std::string& path, int error_number) {
  return unusable(path, "cannot be read: " + std::generic_category().message(error_number));
}

}  // namespace

std::string given_text(const OptionValues& values, std::string_view flag) {
  return values.is_given(flag) ? values.text(flag) : std::string();
}

Result<std::string> read_password_file(const std::string& path) {
  const File file(path);
  struct stat facts{};
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) return unreadable(path, errno);
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return unusable(path, "can be read by others than its owner: chmod 600 it, and take another password");
  std::string text;
  while (text.find('\n') == std::string::npos && text.size() <= password_size_max + 1) {
    std::array<char, 4096> buffer;
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return unreadable(path, errno);
    if (size == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  text.resize(std::min(text.find('\n'), text.size()));
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return unusable(path, "has no password in its first line");
  if (text.size() > password_size_max)
    return unusable(path, "has more than " + std::to_string(password_size_max) + " bytes in its first line");
  return text;
}

Result<GivenPassword> given_password(const OptionValues& values, std::string_view flag,
                                     std::string_view file_flag) {
  GivenPassword given{.text = given_text(values, flag), .warnings = {}};
  if (values.is_given(file_flag)) {
    if (!given.text.empty()) {
      return failure(ErrorKind::malformed,
                     values.origin(file_flag) + ": cannot go together with " + values.origin(flag));
    }
    auto text = read_password_file(values.text(file_flag));
    if (!text) return failure(ErrorKind::malformed, values.origin(file_flag) + ": " + text.error().message);
    given.text = *std::move(text);
  } else if (!given.text.empty() && values.value(flag).source == OptionSource::command_line) {
    given.warnings.push_back(
        "--" + std::string(flag) +
        " can be seen by everybody who uses this machine, in ps; a variable or a file keeps it to itself");
  }
  return given;
}

}  // namespace larder::program
