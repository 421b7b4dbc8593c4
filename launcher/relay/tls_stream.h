// TlsStream: the client's end of TLS over another stream, which may be TLS too.
//
// What an https:// hop and all behind it is spoken through. Relay process, the connection's own
// thread. Nothing here waits: Handshake() is called until it is through, and Send() and Receive()
// answer -EAGAIN. TLS 1.2 or newer, without renegotiation; the certificate is checked for the
// hop's name or address unless the options say not to.
#ifndef GOCHAIN_RELAY_TLS_STREAM_H_
#define GOCHAIN_RELAY_TLS_STREAM_H_

#include <poll.h>

#include <cstdint>
#include <memory>
#include <span>

#include "base/failure.h"
#include "relay/openssl.h"
#include "relay/stream.h"
#include "relay/stream_bio.h"
#include "relay/tls_context.h"

namespace relay {

class TlsStream final : public Stream {
 public:
  enum class Progress : uint8_t { kDone, kWaits, kFailed };

  TlsStream(std::unique_ptr<Stream> below, std::shared_ptr<const TlsContext> context);
  ~TlsStream() override;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Before anything else, until it is kDone. kWaits: whatever the interest, Wants() is what it
  // waits for. kFailed: trouble() says why.
  Progress Handshake();

  // After -EAGAIN the next call begins with the same bytes and has no fewer: they may be in a
  // record already.
  long Send(std::span<const uint8_t> data) override;
  // 0 at the other side's close_notify; an end without one is -ECONNRESET: somebody may have cut
  // the data short.
  long Receive(std::span<uint8_t> out, bool peek) override;

  int fd() const override { return below_->fd(); }
  int write_fd() const override { return below_->write_fd(); }
  short Wants(short interest) const override;
  bool has_buffered() const override;
  // close_notify, then the end of the stream below. What the other side still sends can be
  // received. Where nobody is there to be told any more it is 0 too: Receive() will say whether
  // that was an accident.
  long ShutdownWrite() override;
  void Abort() override { below_->Abort(); }
  const base::Failure* trouble() const override;

  // OpenSSL's callbacks, for TlsContext.
  static int OnVerified(int accepted, X509_STORE_CTX* store);
  static int OnCertificateWanted(SSL* ssl, X509** certificate, EVP_PKEY** key);

 private:
  enum class Direction : uint8_t { kIn, kOut };

  // Of an OpenSSL call that answered `result`: the count, 0 at the end, or -errno; with -EAGAIN the
  // direction's wants say what it waits for.
  long Outcome(int result, Direction direction);
  // The session is over, or can't be written to any more. -errno
  long Break(Direction direction, bool only_writing);
  // Whoever hangs up may have said why just before.
  void HearWhy();

  std::unique_ptr<Stream> below_;
  std::shared_ptr<const TlsContext> context_;
  const OpenSsl* openssl_;
  StreamBio bio_;
  SSL* ssl_ = nullptr;
  base::Failure failure_;
  short receive_wants_ = POLLIN;
  short send_wants_ = POLLOUT;
  bool is_up_ = false;
  bool is_broken_ = false;
  bool is_write_broken_ = false;
  bool has_said_end_ = false;
  bool certificate_wanted_ = false;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_TLS_STREAM_H_
