#include "relay/tls_stream.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/endpoint.h"
#include "relay/tls_failure.h"

namespace relay {
namespace {

// The place of SSL_set_app_data.
constexpr int kThisStream = 0;

constexpr size_t kFullRecord = SSL3_RT_MAX_PLAIN_LENGTH;

int SizeForOpenSsl(size_t size) { return static_cast<int>(std::min<size_t>(size, INT_MAX)); }

}  // namespace

TlsStream::TlsStream(std::unique_ptr<Stream> below, std::shared_ptr<const TlsContext> context)
    : below_(std::move(below)),
      context_(std::move(context)),
      openssl_(&context_->openssl()),
      bio_(*openssl_, below_.get()),
      ssl_(context_->NewSession()) {
  BIO* const bio = ssl_ != nullptr ? bio_.New() : nullptr;
  if (bio == nullptr) {
    failure_ = base::FromConnectErrno(ENOMEM);
    is_broken_ = true;
    return;
  }
  openssl_->SSL_set_bio(ssl_, bio, bio);  // takes one reference where both are the same
  openssl_->SSL_set_ex_data(ssl_, kThisStream, this);
  openssl_->SSL_set_connect_state(ssl_);
  const std::string& host = context_->options().host;
  if (!base::IpAddress::Parse(host)) {  // RFC 6066 §3: an address is no server name
    openssl_->SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                       const_cast<char*>(host.c_str()));
  }
}

TlsStream::~TlsStream() { openssl_->SSL_free(ssl_); }

TlsStream::Progress TlsStream::Handshake() {
  if (is_broken_) {
    return Progress::kFailed;
  }
  openssl_->ERR_clear_error();
  const long done = Outcome(openssl_->SSL_do_handshake(ssl_), Direction::kIn);
  send_wants_ = receive_wants_;
  if (done > 0) {
    is_up_ = true;
    receive_wants_ = POLLIN;
    send_wants_ = POLLOUT;
    return Progress::kDone;
  }
  if (done == 0) {
    Break(Direction::kIn, false);  // a close_notify where a handshake is due
  }
  return done == -EAGAIN ? Progress::kWaits : Progress::kFailed;
}

long TlsStream::Send(std::span<const uint8_t> data) {
  if (is_broken_ || is_write_broken_) {
    return -ECONNRESET;
  }
  openssl_->ERR_clear_error();
  const long sent =
      Outcome(openssl_->SSL_write(ssl_, data.data(), SizeForOpenSsl(data.size())), Direction::kOut);
  if (is_write_broken_) {
    HearWhy();
  }
  return sent;
}

void TlsStream::HearWhy() {
  uint8_t byte = 0;
  openssl_->ERR_clear_error();
  Outcome(openssl_->SSL_peek(ssl_, &byte, 1), Direction::kIn);
}

long TlsStream::Receive(std::span<uint8_t> out, bool peek) {
  if (is_broken_) {
    return -ECONNRESET;
  }
  openssl_->ERR_clear_error();
  receive_wants_ = POLLIN;
  if (peek) {
    return Outcome(openssl_->SSL_peek(ssl_, out.data(), SizeForOpenSsl(out.size())),
                   Direction::kIn);
  }
  // OpenSSL gives one record a call. Behind a full one there mostly is another, and what comes in
  // one piece goes on in one piece.
  size_t size = 0;
  long got = 0;
  do {
    const std::span<uint8_t> rest = out.subspan(size);
    got =
        Outcome(openssl_->SSL_read(ssl_, rest.data(), SizeForOpenSsl(rest.size())), Direction::kIn);
    size += got > 0 ? static_cast<size_t>(got) : 0;
  } while (got == static_cast<long>(kFullRecord) && out.size() - size >= kFullRecord);
  return size > 0 ? static_cast<long>(size) : got;
}

short TlsStream::Wants(short interest) const {
  const int wants = ((interest & POLLIN) != 0 ? receive_wants_ : 0) |
                    ((interest & POLLOUT) != 0 ? send_wants_ : 0);
  return below_->Wants(static_cast<short>(wants));
}

bool TlsStream::has_buffered() const {
  // What waits for room to write (an answer to a change of keys) has nothing to give yet.
  return is_broken_ || (receive_wants_ == POLLIN && (openssl_->SSL_pending(ssl_) > 0 ||
                                                     bio_.has_unread() || below_->has_buffered()));
}

long TlsStream::ShutdownWrite() {
  if (is_up_ && !is_broken_ && !is_write_broken_ && !has_said_end_) {
    openssl_->ERR_clear_error();
    const int result = openssl_->SSL_shutdown(ssl_);
    // 0: said, but not yet heard from the other side.
    if (result < 0 && Outcome(result, Direction::kOut) == -EAGAIN) {
      return -EAGAIN;
    }
  }
  has_said_end_ = true;
  return is_write_broken_ || below_->ShutdownWrite() != -EAGAIN ? 0 : -EAGAIN;
}

const base::Failure* TlsStream::trouble() const { return failure_ ? &failure_ : below_->trouble(); }

long TlsStream::Outcome(int result, Direction direction) {
  if (result > 0) {
    return result;
  }
  short& wants = direction == Direction::kIn ? receive_wants_ : send_wants_;
  const int error = openssl_->SSL_get_error(ssl_, result);
  switch (error) {
    case SSL_ERROR_WANT_READ:
      wants = POLLIN;
      return -EAGAIN;
    case SSL_ERROR_WANT_WRITE:
      wants = POLLOUT;
      return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    default:
      // What can't be sent any more says nothing of what has come before.
      return Break(direction, direction == Direction::kOut && error == SSL_ERROR_SYSCALL);
  }
}

long TlsStream::Break(Direction direction, bool only_writing) {
  (only_writing ? is_write_broken_ : is_broken_) = true;
  const bool reads = direction == Direction::kIn && bio_.read_error() != 0;
  const long below = reads ? bio_.read_error() : bio_.write_error();
  // The verification has said it already, in better words.
  if (failure_.cause != base::Cause::kTlsUntrusted && failure_.cause != base::Cause::kTlsName) {
    failure_ = FromSession(*openssl_,
                           {.error = openssl_->ERR_peek_error(),
                            .below = below,
                            .first_bytes = bio_.first_bytes(),
                            .in_handshake = !is_up_,
                            .certificate_wanted = certificate_wanted_},
                           context_->options());
  }
  return below != 0 ? below : -ECONNRESET;
}

int TlsStream::OnVerified(int accepted, X509_STORE_CTX* store) {
  const OpenSsl& openssl = *OpenSsl::Get();
  if (accepted != 1) {
    auto* const ssl = static_cast<SSL*>(
        openssl.X509_STORE_CTX_get_ex_data(store, openssl.SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const self = static_cast<TlsStream*>(openssl.SSL_get_ex_data(ssl, kThisStream));
    self->failure_ = FromVerification(openssl, store, self->context_->options());
  }
  return accepted;
}

int TlsStream::OnCertificateWanted(SSL* ssl, X509** /*certificate*/, EVP_PKEY** /*key*/) {
  const OpenSsl& openssl = *OpenSsl::Get();
  static_cast<TlsStream*>(openssl.SSL_get_ex_data(ssl, kThisStream))->certificate_wanted_ = true;
  return 0;  // goes on without one
}

}  // namespace relay
