#include "session/splice.h"

#include <algorithm>
#include <array>

namespace larder::session {
namespace {

// Fresh pages cost more than what is copied into them. An event loop calls a connection that has nothing to
// send up to 16 times before it looks at others.
constexpr std::size_t portion_size = std::size_t{64} << 10;

constexpr std::array<char, std::size_t{16} << 10> zeros{};

}  // namespace

// What comes at `at`, or the front of it.
Bytes Splice::next_piece(std::size_t at, Bytes part) const {
  const Bytes old = original_.bytes();
  if (at >= offset_ + part.size()) return old.substr(at);
  if (at >= offset_) return part.substr(at - offset_);
  if (at < old.size()) return old.substr(at, offset_ - at);
  return Bytes(zeros.data(), std::min(zeros.size(), offset_ - at));
}

WorkProgress Splice::step(const RespCall& call, Bytes part) {
  if (draft_ == nullptr) draft_ = call.environment.cache.draft(size_, call.environment.limits.key_size_max);
  if (draft_ == nullptr) return WorkProgress::no_memory;
  std::size_t left = portion_size;
  while (left > 0 && draft_->bytes().size() < size_) {
    const Bytes piece = next_piece(draft_->bytes().size(), part).substr(0, left);
    if (!draft_->append(piece, call.now)) return WorkProgress::no_memory;
    left -= piece.size();
  }
  return draft_->bytes().size() == size_ ? WorkProgress::done : WorkProgress::unfinished;
}

// With a quarter to spare: a cache that is full of these two would have to evict the one of which it makes
// the other.
bool is_made_beforehand(const RespCall& call, std::size_t old_size, std::size_t new_size) {
  if (call.is_in_transaction || new_size <= one_piece_size_max) return false;
  return old_size + new_size <= call.environment.cache.memory_limit() / 4 * 3;
}

}  // namespace larder::session
