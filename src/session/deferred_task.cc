#include "session/deferred_task.h"

namespace larder::session {

std::optional<Original> Original::if_cheap(const cache::ItemView* current) {
  if (current == nullptr) return Original();
  if (current->value.size() <= one_piece_size_max) return Original(*current);
  Original original;
  original.loan_ = current->lend();
  original.is_there_ = true;
  if (!original.loan_) return std::nullopt;
  return original;
}

}  // namespace larder::session
