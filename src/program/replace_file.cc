#include "program/replace_file.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "program/descriptor.h"

namespace larder::program {
namespace {

std::unexpected<Error> refused(int error_number) {
  return failure(ErrorKind::refused, std::generic_category().message(error_number));
}

/// A file beside the one that it is for, gone again unless it took its place.
class NewFile {
 public:
  explicit NewFile(const std::string& path)
      : path_(path + ".XXXXXX"), file_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (file_.is_open() && !is_placed_) ::unlink(path_.c_str());
  }

  // Each says whether it worked; errno has why not.
  [[nodiscard]] bool is_open() const { return file_.is_open(); }
  [[nodiscard]] bool write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = ::write(file_.number(), text.data(), text.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return false;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }
  // The owner before the mode: a change of owner takes bits of the mode away.
  [[nodiscard]] bool take_owner_and_mode(const FileText& old) {
    return ::fchown(file_.number(), old.user, old.group) == 0 && ::fchmod(file_.number(), old.mode) == 0;
  }
  [[nodiscard]] bool sync() { return ::fsync(file_.number()) == 0; }
  [[nodiscard]] bool place(const std::string& path) {
    is_placed_ = ::rename(path_.c_str(), path.c_str()) == 0;
    return is_placed_;
  }

 private:
  std::string path_;
  Descriptor file_;
  bool is_placed_ = false;
};

}  // namespace

Result<FileText> read_file(const std::string& path, std::size_t size_max) {
  const std::unique_ptr<char, decltype(&std::free)> real_path(::realpath(path.c_str(), nullptr), &std::free);
  if (real_path == nullptr) return refused(errno);
  FileText file{.path = real_path.get()};
  // A pipe in its place would keep whoever opens it waiting.
  const Descriptor descriptor(::open(real_path.get(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts{};
  if (!descriptor.is_open() || ::fstat(descriptor.number(), &facts) != 0) return refused(errno);
  if (!S_ISREG(facts.st_mode)) return failure(ErrorKind::refused, "it is not a regular file");
  file.user = facts.st_uid;
  file.group = facts.st_gid;
  file.mode = facts.st_mode & 07777;
  file.text.resize(size_max + 1);
  std::size_t size = 0;
  while (size < file.text.size()) {
    const ssize_t count = ::read(descriptor.number(), file.text.data() + size, file.text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refused(errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > size_max) {
    return failure(ErrorKind::too_large, "it is longer than " + std::to_string(size_max) + " bytes");
  }
  file.text.resize(size);
  return file;
}

Result<void> replace_file(const FileText& old, std::string_view text) {
  const std::string folder_path = old.path.substr(0, old.path.rfind('/') + 1);
  const Descriptor folder(::open(folder_path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (!folder.is_open()) return refused(errno);
  NewFile file(old.path);
  if (!file.is_open() || !file.write(text) || !file.take_owner_and_mode(old) || !file.sync() ||
      !file.place(old.path)) {
    return refused(errno);
  }
  // EINVAL: this file system has nothing to sync there.
  if (::fsync(folder.number()) != 0 && errno != EINVAL) return refused(errno);
  return {};
}

}  // namespace larder::program
