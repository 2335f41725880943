// transport/tls_stream.h: the TLS of one connection, without a socket.
//
//   peer's bytes --receive()--> [ handshake | decrypt ] --> plain bytes, to whoever takes them
//   peer  <-- wire() <-- [ handshake | encrypt ] <--seal()-- plain output
//
// OpenSSL reads from the span that the loop received, and appends its records to the output that the loop
// sends: no buffer stands between. What a handler answered in one turn leaves in as few records as it fits
// into, 16 KiB each, however many pieces it is made of; a large value is encrypted from where it lies, some
// of it at a time, as its peer takes it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/function_ref.h"
#include "base/output.h"
#include "transport/tls_context.h"

using SSL = struct ssl_st;
using BIO = struct bio_st;
using BIO_METHOD = struct bio_method_st;

namespace larder::transport {

/// The server's side of one connection.
///
/// Units      sizes are bytes
/// Ownership  owns its state and the output with what is to be sent; keeps its context alive
/// Threads    its loop's
/// Errors     the constructor throws std::bad_alloc; afterwards State::failed and failure()
/// Invariant  once failed, or ended by the peer, it stays so
class TlsStream final {
 public:
  enum class State : std::uint8_t {
    handshaking,
    established,
    ended,   // the peer will send nothing more
    failed,  // nothing more can be understood; wire() may hold an alert that says why
  };

  /// No client's first message is larger. OpenSSL would take memory for 128 KiB if that is announced.
  static constexpr std::size_t hello_size_max = std::size_t{16} << 10;
  /// So much is encrypted ahead of what the peer takes.
  static constexpr std::size_t wire_size_max = std::size_t{128} << 10;

  /// `application_protocol`: of ALPN (RFC 7301), such as "http/1.1", for whoever asks; it outlives the
  /// stream. Empty: there is none, and a peer that insists on one is refused.
  TlsStream(const TlsContext& context, Bytes application_protocol);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream();

  /// Bytes came from the peer. `take` is called with what they mean, perhaps several times; an exception of
  /// it passes through.
  State receive(Bytes bytes, FunctionRef<void(Bytes)> take);

  /// Moves the front of `plain` to wire(), up to wire_size_max there. For an established or ended stream.
  void seal(Output& plain);

  /// Says that nothing more will come. May be called once, on an established or ended stream.
  void end();

  [[nodiscard]] State state() const { return state_; }
  /// Whether end() still may be called, and should.
  [[nodiscard]] bool must_end() const {
    return !has_ended_ && (state_ == State::established || state_ == State::ended);
  }
  [[nodiscard]] bool can_seal() const {
    return !has_ended_ && (state_ == State::established || state_ == State::ended);
  }
  [[nodiscard]] Output& wire() { return wire_; }
  [[nodiscard]] const Output& wire() const { return wire_; }
  /// The handshake was a short one, by a ticket.
  [[nodiscard]] bool is_resumed() const;
  /// In words, once failed.
  [[nodiscard]] const std::string& failure() const { return failure_; }

  /// OpenSSL's callback, for TlsContext.
  static int choose_application_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                                         const unsigned char* offered, unsigned offered_size, void* argument);

 private:
  struct Free {
    void operator()(SSL* ssl) const;
  };

  static const BIO_METHOD* bio_method();
  static int read_bio(BIO* bio, char* room, std::size_t size, std::size_t* read_size);
  static int write_bio(BIO* bio, const char* bytes, std::size_t size, std::size_t* written_size);

  [[nodiscard]] bool announces_too_much(Bytes bytes);
  [[nodiscard]] bool shake_hands();
  void read(FunctionRef<void(Bytes)> take);
  void conclude(int result);
  void fail(std::string reason);

  std::unique_ptr<SSL, Free> ssl_;
  Bytes input_;                           // within receive()
  std::array<unsigned char, 9> first_{};  // a record's head, and in it a message's
  std::size_t first_size_ = 0;
  Output wire_;
  Bytes application_protocol_;
  std::string failure_;
  State state_ = State::handshaking;
  bool has_ended_ = false;
};

}  // namespace larder::transport
