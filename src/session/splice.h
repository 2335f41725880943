// session/splice.h: a large value made of another one, a portion at a time.
//
//   original   [ ........................ ]      borrowed: it stays as it is, whatever becomes of its key
//   part                [ ....... ]              what APPEND and SETRANGE put in; COPY has none
//   draft      [ ...... | ....... | ..... ]      zeros where neither of the two reaches
//
// The draft is room in the cache: whoever stores it copies nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "cache/backend.h"
#include "session/deferred_task.h"

namespace larder::session {

/// A value under way: the work of a DeferredTask.
class Splice final {
 public:
  /// `original` with a part from `offset` on, which makes it one of `size` bytes.
  Splice(Original original, std::size_t offset, std::size_t size)
      : original_(std::move(original)), offset_(offset), size_(size) {}

  /// Adds a portion; `part` is the same each time.
  [[nodiscard]] WorkProgress step(const RespCall& call, Bytes part);

  [[nodiscard]] const Original& original() const { return original_; }
  /// When it is done: what a store recognises and adopts.
  [[nodiscard]] Bytes bytes() const { return draft_->bytes(); }

 private:
  [[nodiscard]] Bytes next_piece(std::size_t at, Bytes part) const;

  Original original_;
  std::size_t offset_;
  std::size_t size_;
  std::unique_ptr<cache::Draft> draft_;  // made by the first step
};

/// Whether a command that makes a value of `new_size` bytes, out of one of `old_size` bytes, does that
/// beforehand: outside a transaction, and where there is room for both.
[[nodiscard]] bool is_made_beforehand(const RespCall& call, std::size_t old_size, std::size_t new_size);

}  // namespace larder::session
