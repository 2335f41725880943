#include "session/judgement.h"

#include <utility>

#include "base/ascii.h"
#include "session/resp_commands.h"

namespace larder::session {

using Kind = ValueCondition::Kind;

std::optional<Judgement> Judgement::of(const RespCall& call, const ValueCondition& condition,
                                       const cache::ItemView* current) {
  if (call.is_in_transaction || current == nullptr || current->value.size() <= one_piece_size_max ||
      condition.is_malformed_for(current)) {
    return std::nullopt;
  }
  const bool compares = condition.kind == Kind::equal || condition.kind == Kind::different;
  const bool digests = condition.kind == Kind::digest_equal || condition.kind == Kind::digest_different;
  if (!digests && !(compares && current->value.size() == condition.operand.size())) return std::nullopt;
  auto original = Original::if_cheap(current);
  if (!original) return std::nullopt;
  return Judgement(*std::move(original), condition.kind);
}

Judgement::Judgement(Original original, Kind kind)
    : original_(std::move(original)), wants_equal_(kind == Kind::equal || kind == Kind::digest_equal) {
  if (kind == Kind::digest_equal || kind == Kind::digest_different) digest_.emplace();
}

WorkProgress Judgement::step(const RespCall& /*call*/, Bytes operand) {
  const Bytes value = original_.bytes();
  const Bytes portion = value.substr(offset_, hashed_portion_size);
  if (digest_) {
    digest_->add(portion);
  } else {
    is_equal_ = portion == operand.substr(offset_, portion.size());
  }
  offset_ += portion.size();
  if (is_equal_ && offset_ < value.size()) return WorkProgress::unfinished;
  if (digest_) is_equal_ = equals_ignoring_case(digest_text(digest_->value()), operand);
  return WorkProgress::done;
}

}  // namespace larder::session
