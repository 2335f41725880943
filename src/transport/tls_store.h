// transport/tls_store.h: the TLS context that new connections get, replaced when its files are.
//
// A renewal writes two files, one after the other, and whoever looks in between sees a pair that does not
// fit. So files that have changed are read once they stand still for the time between two looks; and what
// cannot be used is told once, not at each look.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/result.h"
#include "transport/tls_context.h"

namespace larder::transport {

/// Threads    any; look() one at a time
/// Invariant  there always is a context, and it was good when it was loaded
class TlsStore final {
 public:
  /// Tickets are good for as long as their context: a stolen key of theirs opens no more than a day.
  static constexpr Duration context_time_max{24 * 3600 * 1000};

  /// Errors: those of load_tls_context().
  [[nodiscard]] static Result<std::unique_ptr<TlsStore>> make(const TlsFiles& files, const Now& now);

  [[nodiscard]] std::shared_ptr<const TlsContext> current() const;

  /// To be called every second or so. Reads the files if they have changed since they were read last and
  /// stand still, or in any case if somebody asks for it. Answers whether there is another context. Errors:
  /// refused, with a sentence; the old context stays.
  [[nodiscard]] Result<bool> look(const Now& now, bool is_asked = false);

 private:
  /// What of a file shows that it is another one, or has other contents.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // there is none
    std::int64_t changed_s = 0;
    std::int64_t changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  using Stamps = std::array<Stamp, 3>;

  explicit TlsStore(TlsFiles files) : files_(std::move(files)) {}
  [[nodiscard]] Result<void> load(const Now& now);
  [[nodiscard]] static Stamp stamp_of(const std::string& path);
  [[nodiscard]] Stamps stamps() const;

  const TlsFiles files_;
  Stamps read_stamps_;  // before they were read last, well or not
  Stamps seen_stamps_;  // at the last look
  SteadyTime read_at_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> current_;  // guarded by mutex_
};

}  // namespace larder::transport
