#include "base/output.h"

#include <algorithm>
#include <utility>

namespace larder {

void Output::append(Loan loan) {
  const std::size_t size = loan.bytes().size();
  if (size == 0) return;
  const bool is_first = loans_ == nullptr;
  if (is_first) loans_ = std::make_unique<Loans>();
  try {
    loans_->placed.push_back({.at = bytes_.size(), .number = loan_count_, .loan = std::move(loan)});
  } catch (...) {
    if (is_first) loans_.reset();
    throw;
  }
  loans_->unsent_size += size;
  ++loan_count_;
}

std::size_t Output::gather(std::span<Bytes> parts) const {
  std::size_t count = 0;
  std::size_t at = sent_size_;
  const auto take = [&](Bytes part) {
    if (!part.empty() && count < parts.size()) parts[count++] = part;
  };
  if (loans_ != nullptr) {
    std::size_t loan_offset = loans_->first_sent_size;
    for (std::size_t i = loans_->first; i < loans_->placed.size() && count < parts.size(); ++i) {
      const Placed& placed = loans_->placed[i];
      take(Bytes(bytes_).substr(at, placed.at - at));
      take(placed.loan.bytes().substr(loan_offset));
      at = placed.at;
      loan_offset = 0;
    }
  }
  take(Bytes(bytes_).substr(at));
  return count;
}

std::string Output::text() const {
  std::string text;
  text.reserve(size());
  std::size_t at = sent_size_;
  if (loans_ != nullptr) {
    std::size_t loan_offset = loans_->first_sent_size;
    for (std::size_t i = loans_->first; i < loans_->placed.size(); ++i) {
      const Placed& placed = loans_->placed[i];
      text.append(bytes_, at, placed.at - at).append(placed.loan.bytes().substr(loan_offset));
      at = placed.at;
      loan_offset = 0;
    }
  }
  return text.append(bytes_, at);
}

bool Output::keeps_orphan_of(std::uint64_t loan_count) const {
  return loans_ != nullptr && std::ranges::any_of(loans_->placed, [&](const Placed& placed) {
           return placed.number < loan_count && placed.loan.is_orphan();
         });
}

// How many of the bytes that left were not borrowed.
std::size_t Output::pass_loans(std::size_t size) {
  std::size_t own_size = 0;
  while (size > 0 && loans_ != nullptr) {
    Placed& placed = loans_->placed[loans_->first];
    const std::size_t before = std::min(size, placed.at - sent_size_ - own_size);
    own_size += before;
    size -= before;
    if (size == 0) break;
    const std::size_t lent = std::min(size, placed.loan.bytes().size() - loans_->first_sent_size);
    size -= lent;
    loans_->unsent_size -= lent;
    loans_->first_sent_size += lent;
    if (loans_->first_sent_size < placed.loan.bytes().size()) break;
    placed.loan = {};
    loans_->first_sent_size = 0;
    if (++loans_->first == loans_->placed.size()) loans_.reset();
  }
  return own_size + size;
}

void Output::drop_loans_behind(std::size_t size) {
  while (loans_ != nullptr && this->size() > size) {
    const Placed& last = loans_->placed.back();
    const std::size_t own_behind = bytes_.size() - last.at;
    if (this->size() - size < own_behind + 1) break;  // the loan stays
    bytes_.resize(last.at);
    loans_->unsent_size -= last.loan.bytes().size();
    loans_->placed.pop_back();
    if (loans_->first == loans_->placed.size()) loans_.reset();
  }
}

void Output::drop_sent() {
  bytes_.erase(0, sent_size_);
  if (loans_ != nullptr) {
    for (std::size_t i = loans_->first; i < loans_->placed.size(); ++i) loans_->placed[i].at -= sent_size_;
  }
  sent_size_ = 0;
}

}  // namespace larder
