// session/request_meter.h: where one connection's requests wait when its address or its user has made as many
// as it may (request_rates.h).
//
//   a request is read -> holds_up(): takes a token of each bucket; not there yet? Wait::pause, called again
//                     -> charge(): it is answered, and the next one needs tokens of its own
//
// What waits is slowed down and not refused: a client of a cache has no way to be told "later", and would
// take an error for a miss, or for a fault.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "session/login.h"
#include "session/session.h"

namespace larder::session {

/// Of one connection. Without bounds it costs one look at a pointer for each request.
///
/// Ownership  the environment outlives it
/// Threads    those of its connection
class RequestMeter final {
 public:
  RequestMeter(const Environment& environment, const ConnectionFacts& facts)
      : metered_(make(environment, facts)) {}

  void attach(std::shared_ptr<Remote> remote) {
    if (metered_ != nullptr) metered_->attach(std::move(remote));
  }

  /// True: the request waits, and the connection is woken about when its turn comes: ask again then. Throws
  /// std::bad_alloc.
  [[nodiscard]] bool holds_up(const Login& login, TimePoint now) {
    return metered_ != nullptr && metered_->holds_up(login, now);
  }

  /// The request is answered now, as that of whoever `login` is.
  void charge(const Login& login, TimePoint now) {
    if (metered_ != nullptr) metered_->charge(login, now);
  }

 private:
  class Metered final {
   public:
    Metered(const Environment& environment, const ConnectionFacts& facts);
    ~Metered();
    Metered(const Metered&) = delete;
    Metered& operator=(const Metered&) = delete;

    void attach(std::shared_ptr<Remote> remote) { remote_ = std::move(remote); }
    [[nodiscard]] bool holds_up(const Login& login, TimePoint now);
    void charge(const Login& login, TimePoint now);

   private:
    void know_user(const Login& login);
    void take(TimePoint now);
    void sleep();
    void give_back();

    const Environment& environment_;
    const std::uint64_t connection_id_;
    const std::string address_;
    const std::shared_ptr<RequestBucket> of_address_;  // null: it is not bounded
    std::shared_ptr<RequestBucket> of_user_;           // null: nobody has asked, or users are not bounded
    std::string user_;                                 // whose that is
    std::shared_ptr<RequestBucket> token_of_user_;     // the one whose token was taken; null: of none
    bool has_tokens_ = false;                          // for the request that comes next, or waits
    TimePoint taken_at_{};                             // those were
    TimePoint turn_{};                                 // and are there from then on
    std::shared_ptr<Remote> remote_;                   // null: nobody can wake it, so it does not wait
    std::shared_ptr<Client> client_;  // made for the first wait; CLIENT LIST does not know it
  };
  static std::unique_ptr<Metered> make(const Environment& environment, const ConnectionFacts& facts);

  std::unique_ptr<Metered> metered_;  // null: there are no bounds
};

}  // namespace larder::session
