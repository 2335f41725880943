#include "transport/tls_store.h"

#include <string>
#include <sys/stat.h>
#include <utility>

namespace larder::transport {

Result<std::unique_ptr<TlsStore>> TlsStore::make(const TlsFiles& files, const Now& now) {
  std::unique_ptr<TlsStore> store(new TlsStore(files));
  if (auto loaded = store->load(now); !loaded) return std::unexpected(loaded.error());
  return store;
}

std::shared_ptr<const TlsContext> TlsStore::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Result<bool> TlsStore::look(const Now& now, bool is_asked) {
  const Stamps present = stamps();
  const bool is_settled = std::exchange(seen_stamps_, present) == present;
  const bool is_due = now.steady >= read_at_ + context_time_max;
  const bool has_changed = is_settled && present != read_stamps_;
  if (!is_asked && !has_changed && !is_due) return false;
  if (auto loaded = load(now); !loaded) return std::unexpected(loaded.error());
  return true;
}

Result<void> TlsStore::load(const Now& now) {
  read_stamps_ = seen_stamps_ = stamps();
  read_at_ = now.steady;
  auto loaded = load_tls_context(files_, now.wall);
  if (!loaded) return std::unexpected(loaded.error());
  const std::lock_guard lock(mutex_);
  current_ = *std::move(loaded);
  return {};
}

TlsStore::Stamp TlsStore::stamp_of(const std::string& path) {
  struct stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return {};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .changed_s = status.st_ctim.tv_sec,
          .changed_ns = status.st_ctim.tv_nsec};
}

TlsStore::Stamps TlsStore::stamps() const {
  return {stamp_of(files_.certificate), stamp_of(files_.key), stamp_of(files_.client_ca)};
}

}  // namespace larder::transport
