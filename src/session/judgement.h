// session/judgement.h: whether a condition on a large value holds, found out a portion at a time.
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"
#include "base/digest_stream.h"
#include "session/deferred_task.h"
#include "session/resp_store_options.h"

namespace larder::session {

/// Compares a value that was borrowed, or its digest, with an operand.
class Judgement final {
 public:
  /// Null: there is not enough of `current` to be worth it, or it is not lent.
  [[nodiscard]] static std::optional<Judgement> of(const RespCall& call, const ValueCondition& condition,
                                                   const cache::ItemView* current);

  /// A portion; `operand` is the same each time.
  [[nodiscard]] WorkProgress step(const RespCall& call, Bytes operand);

  [[nodiscard]] const Original& original() const { return original_; }
  /// When it is done.
  [[nodiscard]] bool holds() const { return is_equal_ == wants_equal_; }

 private:
  Judgement(Original original, ValueCondition::Kind kind);

  Original original_;
  std::optional<DigestStream> digest_;  // none: the bytes are compared
  bool wants_equal_;
  bool is_equal_ = true;
  std::size_t offset_ = 0;  // of what is looked at next
};

}  // namespace larder::session
