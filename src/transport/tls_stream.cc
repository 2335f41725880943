#include "transport/tls_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <span>
#include <utility>

#include "base/assert.h"

namespace larder::transport {
namespace {

constexpr std::size_t record_size_max = SSL3_RT_MAX_PLAIN_LENGTH;

/// Encrypted in one call.
constexpr std::size_t piece_size_max = 4 * record_size_max;

/// Of a thread, for all its streams: what one call decrypts, or what one record is put together from.
constexpr std::size_t scratch_size = std::size_t{64} << 10;

char* scratch() {
  static thread_local const std::unique_ptr<char[]> memory(new char[scratch_size]);
  return memory.get();
}

/// The front of `plain` as one piece: a large one where it lies, in whole records; small ones together, as
/// much as fits into a record.
Bytes front_piece(const Output& plain) {
  std::array<Bytes, 16> parts;
  const std::size_t count = plain.gather(parts);
  LARDER_ASSERT(count > 0);
  if (count == 1) return parts[0].substr(0, piece_size_max);
  if (parts[0].size() >= record_size_max) {
    const std::size_t size = std::min(parts[0].size(), piece_size_max);
    return parts[0].substr(0, size - size % record_size_max);
  }
  std::size_t size = 0;
  for (const Bytes part : std::span(parts).first(count)) {
    const std::size_t part_size = std::min(part.size(), record_size_max - size);
    std::memcpy(scratch() + size, part.data(), part_size);
    size += part_size;
  }
  return {scratch(), size};
}

}  // namespace

void TlsStream::Free::operator()(SSL* ssl) const { SSL_free(ssl); }

// ---- Between OpenSSL and the loop's own memory

const BIO_METHOD* TlsStream::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "larder stream");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(made, read_bio);
    BIO_meth_set_write_ex(made, write_bio);
    BIO_meth_set_ctrl(
        made, [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH ? 1 : 0; });
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return made;
  }();
  return method;
}

int TlsStream::read_bio(BIO* bio, char* room, std::size_t size, std::size_t* read_size) {
  TlsStream& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *read_size = std::min(size, stream.input_.size());
  if (*read_size == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(room, stream.input_.data(), *read_size);
  stream.input_.remove_prefix(*read_size);
  return 1;
}

int TlsStream::write_bio(BIO* bio, const char* bytes, std::size_t size, std::size_t* written_size) try {
  BIO_clear_retry_flags(bio);
  static_cast<TlsStream*>(BIO_get_data(bio))->wire_.append(Bytes(bytes, size));
  *written_size = size;
  return 1;
} catch (const std::bad_alloc&) {
  return 0;
}

TlsStream::TlsStream(const TlsContext& context, Bytes application_protocol)
    : ssl_(SSL_new(context.get())), application_protocol_(application_protocol) {
  BIO* const bio = BIO_new(bio_method());
  if (ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    ERR_clear_error();
    throw std::bad_alloc();
  }
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_accept_state(ssl_.get());
}

TlsStream::~TlsStream() = default;

// A page that a browser was made to send here offers the web's protocols, and none of them is spoken on the
// other ports: refused before the first byte of it is taken for a command (RFC 7301, section 3.2).
int TlsStream::choose_application_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                                           const unsigned char* offered, unsigned offered_size,
                                           void* /*argument*/) {
  const Bytes wanted = static_cast<const TlsStream*>(SSL_get_app_data(ssl))->application_protocol_;
  for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
    const unsigned size = offered[at];
    if (size > offered_size - at - 1) break;
    if (wanted.empty() || wanted != Bytes(reinterpret_cast<const char*>(offered + at + 1), size)) continue;
    *chosen = offered + at + 1;
    *chosen_size = static_cast<unsigned char>(size);
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// ---- What happens

TlsStream::State TlsStream::receive(Bytes bytes, FunctionRef<void(Bytes)> take) {
  LARDER_ASSERT(state_ == State::handshaking || state_ == State::established);
  if (announces_too_much(bytes)) {
    fail("the first message is not a hello of a usual size");
    return state_;
  }
  input_ = bytes;
  ERR_clear_error();
  if (state_ == State::established || shake_hands()) read(take);
  input_ = {};
  return state_;
}

/// Looks at the first bytes that ever come: type 22, version, size; type 1, size. What else is wrong with
/// them OpenSSL says.
bool TlsStream::announces_too_much(Bytes bytes) {
  if (first_size_ == first_.size()) return false;
  for (const char byte : bytes.substr(0, first_.size() - first_size_))
    first_[first_size_++] = static_cast<unsigned char>(byte);
  constexpr unsigned char handshake_record = 22;
  constexpr std::size_t message_head_size = 4;
  if (first_size_ < 5 || first_[0] != handshake_record) return false;
  const std::size_t record_size = first_[3] * std::size_t{256} + first_[4];
  if (record_size < message_head_size) return true;
  const std::size_t message_size = (first_[6] * std::size_t{256} + first_[7]) * std::size_t{256} + first_[8];
  return first_size_ == first_.size() && message_size > hello_size_max;
}

bool TlsStream::shake_hands() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    state_ = State::established;
    return true;
  }
  conclude(result);
  return false;
}

void TlsStream::read(FunctionRef<void(Bytes)> take) {
  while (state_ == State::established) {
    std::size_t size = 0;
    int result = 1;
    while (result == 1 && scratch_size - size >= record_size_max) {
      std::size_t read_size = 0;
      result = SSL_read_ex(ssl_.get(), scratch() + size, scratch_size - size, &read_size);
      size += read_size;
    }
    // Before the call of somebody else, who may leave errors of his own.
    if (result != 1) conclude(result);
    if (size > 0) take({scratch(), size});
    if (result != 1) return;
  }
}

void TlsStream::conclude(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::ended;
      return;
    default: {
      std::string reason = take_openssl_reason();
      return fail(reason.empty() ? "no memory for TLS" : std::move(reason));
    }
  }
}

void TlsStream::fail(std::string reason) {
  state_ = State::failed;
  failure_ = std::move(reason);
}

void TlsStream::seal(Output& plain) {
  LARDER_ASSERT(can_seal());
  while (!plain.empty() && wire_.size() < wire_size_max) {
    const Bytes piece = front_piece(plain);
    ERR_clear_error();
    std::size_t sealed_size = 0;
    if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &sealed_size) != 1) {
      std::string reason = take_openssl_reason();
      return fail(reason.empty() ? "no memory for TLS" : std::move(reason));
    }
    plain.sent(sealed_size);
  }
}

void TlsStream::end() {
  LARDER_ASSERT(must_end());
  has_ended_ = true;
  ERR_clear_error();
  static_cast<void>(SSL_shutdown(ssl_.get()));
  ERR_clear_error();
}

bool TlsStream::is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

}  // namespace larder::transport
