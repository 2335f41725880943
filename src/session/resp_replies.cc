#include <string>
#include <utility>

#include "base/ascii.h"
#include "session/resp_handlers.h"

namespace larder::session {

std::string quotable(Bytes text, std::size_t size_max) {
  std::string shown(text.substr(0, size_max));
  for (char& c : shown) {
    if (c == '\r' || c == '\n') {
      c = ' ';
    } else if (c < ' ' || c > '~') {
      c = '?';
    }
  }
  return shown;
}

std::string wrong_argument_count_error(const CommandSpec& spec) {
  return "ERR wrong number of arguments for '" + std::string(spec.name) + "' command";
}

void reply_wrong_argument_count(RespCall& call, const CommandSpec& spec) {
  call.reply.error(wrong_argument_count_error(spec));
}

void reply_subcommand_syntax(RespCall& call) {
  call.reply.error("ERR unknown subcommand or wrong number of arguments for '" + quotable(call.arguments[1]) +
                   "'. Try " + to_upper(call.spec.name.substr(0, call.spec.name.find('|'))) + " HELP.");
}

bool outgrows_output(RespCall& call, std::size_t kept_size) {
  if (!call.state.failed && call.output.own_size() + kept_size <= call.environment.limits.output_size_max)
    return false;
  if (!call.state.closing) call.environment.counters.slow_readers_closed.add();
  call.state.closing = call.state.failed = true;
  return true;
}

namespace {

Loan borrow(const cache::ItemView& item, Bytes part) {
  if (part.size() < lent_size_min) return {};
  Loan loan = item.lend();
  if (loan) loan.narrow_to(part);
  return loan;
}

}  // namespace

KeptValue::KeptValue(const cache::ItemView& item, Bytes part) : loan_(borrow(item, part)) {
  if (!loan_) copy_ = part;
}

void KeptValue::reply_to(RespCall& call) && {
  if (loan_) return call.reply.bulk(std::move(loan_));
  call.reply.bulk(copy_);
}

void reply_value(RespCall& call, const cache::ItemView& item, Bytes part) {
  if (Loan loan = borrow(item, part)) return call.reply.bulk(std::move(loan));
  call.reply.bulk(part);
}

void reply_refused_store(RespCall& call, cache::StoreOutcome outcome) {
  if (outcome == cache::StoreOutcome::too_large) {
    return call.reply.error("ERR the item is larger than this cache ever holds");
  }
  call.reply.error(no_memory_error);
}

}  // namespace larder::session
