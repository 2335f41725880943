// base/loan.h: bytes of somebody else's that stay where they are until they are given back.
//
// A view is valid as long as a call says. Where that is too short, for a value of megabytes on its way into a
// socket, whoever owns the bytes lends them instead: they are neither changed nor freed before the loan ends.
#pragma once

#include <utility>

#include "base/bytes.h"

namespace larder {

class Loan;

/// Who lends bytes.
///
/// Threads    any
class Lender {
 public:
  /// Bytes that are its own. A loan of nothing: not these, or not now; they must be copied.
  [[nodiscard]] virtual Loan lend(Bytes bytes) = 0;
  /// A loan has ended. `owner`: what it was made with.
  virtual void take_back(const void* owner) noexcept = 0;
  /// Nobody but those who borrowed it uses its memory.
  [[nodiscard]] virtual bool is_orphan(const void* owner) const noexcept = 0;

 protected:
  ~Lender() = default;
};

/// Borrowed bytes; gives them back when it is destroyed.
///
/// Ownership  the lender outlives it
/// Threads    may move to another thread; one at a time
class Loan final {
 public:
  /// Of nothing.
  Loan() = default;
  Loan(Lender& lender, const void* owner, Bytes bytes) : lender_(&lender), owner_(owner), bytes_(bytes) {}
  Loan(Loan&& other) noexcept
      : lender_(std::exchange(other.lender_, nullptr)), owner_(other.owner_), bytes_(other.bytes_) {}
  Loan& operator=(Loan&& other) noexcept {
    std::swap(lender_, other.lender_);
    std::swap(owner_, other.owner_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() {
    if (lender_ != nullptr) lender_->take_back(owner_);
  }

  [[nodiscard]] explicit operator bool() const { return lender_ != nullptr; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  /// From now on `part` of bytes() is all that is wanted.
  void narrow_to(Bytes part) { bytes_ = part; }
  /// Its memory is kept for it and others who borrowed it, and for nothing else.
  [[nodiscard]] bool is_orphan() const { return lender_ != nullptr && lender_->is_orphan(owner_); }

 private:
  Lender* lender_ = nullptr;
  const void* owner_ = nullptr;
  Bytes bytes_;
};

}  // namespace larder
