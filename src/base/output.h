// base/output.h: bytes on their way to a peer.
//
//   bytes_   [ sent already | $1048576 CR LF | CR LF ..... ]
//                           ^ sent_size_     ^ a loan stands here: a value of a megabyte, sent from where it
//                           lies
//
// A session appends at the end, the transport sends from the front. Nothing is moved for each send: the sent
// part is dropped when everything is out, or when it outweighs what is left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/loan.h"

namespace larder {

/// The replies of one connection that are not sent yet.
///
/// Units      sizes are bytes
/// Threads    belongs to its connection's loop
/// Invariant  sent_size_ <= bytes_.size()
class Output final {
 public:
  /// After this much in one call a session stops taking requests, so that others have their turns.
  static constexpr std::size_t turn_size = std::size_t{1} << 20;
  /// A buffer that grew larger than this gives its memory back once it is empty. An idle connection holds
  /// none: it is the one that a loop's connections hand on, and asking the kernel for a large one each time
  /// costs more than filling it.
  static constexpr std::size_t kept_capacity_max = std::size_t{256} << 10;

  void append(Bytes bytes) { bytes_.append(bytes); }
  void append(char byte) { bytes_.push_back(byte); }
  /// Sent from where it lies. May throw std::bad_alloc, and has then appended nothing.
  void append(Loan loan);

  /// What is pending, where nothing of it is borrowed.
  [[nodiscard]] Bytes pending() const {
    LARDER_ASSERT(loans_ == nullptr);
    return Bytes(bytes_).substr(sent_size_);
  }
  /// The first parts of what is pending, as many as there are or `parts` has room for; answers how many.
  [[nodiscard]] std::size_t gather(std::span<Bytes> parts) const;
  /// What was appended behind the first `size` pending bytes; nothing if some of it is borrowed.
  [[nodiscard]] Bytes own_tail(std::size_t size) const {
    const std::size_t tail_size = this->size() - size;
    if (loans_ != nullptr && bytes_.size() - loans_->placed.back().at < tail_size) return {};
    return Bytes(bytes_).substr(bytes_.size() - tail_size);
  }
  /// What is pending, copied together.
  [[nodiscard]] std::string text() const;

  [[nodiscard]] std::size_t size() const {
    return bytes_.size() - sent_size_ + (loans_ != nullptr ? loans_->unsent_size : 0);
  }
  /// Of these, what is not borrowed, and what it takes to remember what is.
  [[nodiscard]] std::size_t own_size() const {
    return bytes_.size() - sent_size_ + (loans_ != nullptr ? loans_->placed.size() * sizeof(Placed) : 0);
  }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool full() const { return size() >= full_size_; }
  /// How much is pending when it is full(): at first turn_size. Whoever calls a session moves it on.
  void set_full_size(std::size_t size) { full_size_ = size; }
  /// Bytes that it has allocated: a few fit into the object itself. What is borrowed is its lender's.
  [[nodiscard]] std::size_t capacity() const {
    return bytes_.capacity() > std::string().capacity() ? bytes_.capacity() : 0;
  }

  /// Loans that were ever appended to it.
  [[nodiscard]] std::uint64_t loan_count() const { return loan_count_; }
  [[nodiscard]] bool has_loans() const { return loans_ != nullptr; }
  /// One of the first `loan_count` loans is still here, and is an orphan.
  [[nodiscard]] bool keeps_orphan_of(std::uint64_t loan_count) const;

  /// The first `size` pending bytes have left.
  void sent(std::size_t size) {
    LARDER_ASSERT(size <= this->size());
    sent_size_ += loans_ == nullptr ? size : pass_loans(size);
    if (sent_size_ == bytes_.size() && loans_ == nullptr) {
      clear();
    } else if (sent_size_ > bytes_.size() / 2 && sent_size_ > moved_size_min) {
      drop_sent();
    }
  }

  /// Takes back what was appended last: `size` pending bytes stay. No loan is cut in two.
  void shrink_to(std::size_t size) {
    LARDER_ASSERT(size <= this->size());
    if (loans_ != nullptr) drop_loans_behind(size);
    bytes_.resize(bytes_.size() - (this->size() - size));
  }

  void clear() {
    sent_size_ = 0;
    bytes_.clear();
    loans_.reset();
    if (bytes_.capacity() > kept_capacity_max) std::string().swap(bytes_);
  }

 private:
  struct Placed {
    std::size_t at = 0;  // in bytes_, of the byte that it stands before
    std::uint64_t number = 0;
    Loan loan;
  };
  struct Loans {
    std::vector<Placed> placed;
    std::size_t first = 0;  // that is not sent whole
    std::size_t first_sent_size = 0;
    std::size_t unsent_size = 0;  // of all
  };

  // Less than this, sent already, is left where it is.
  static constexpr std::size_t moved_size_min = std::size_t{16} << 10;

  std::size_t pass_loans(std::size_t size);
  void drop_loans_behind(std::size_t size);
  void drop_sent();

  std::string bytes_;
  std::size_t sent_size_ = 0;
  std::size_t full_size_ = turn_size;
  std::unique_ptr<Loans> loans_;  // none: nothing pending is borrowed
  std::uint64_t loan_count_ = 0;
};

}  // namespace larder
