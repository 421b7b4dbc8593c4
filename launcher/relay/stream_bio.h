// StreamBio: OpenSSL's way to a Stream, so that TLS can run over whatever is below, TLS included.
//
// Belongs to one TlsStream and its thread. Never blocks: what the stream can't do now is passed on
// to OpenSSL as "retry". Reads ahead: OpenSSL asks for the head of a record and then for the rest,
// which would be two system calls for each.
#ifndef GOCHAIN_RELAY_STREAM_BIO_H_
#define GOCHAIN_RELAY_STREAM_BIO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "relay/openssl.h"
#include "relay/stream.h"

namespace relay {

class StreamBio {
 public:
  // Both outlive it. The address of this object must not change once it has been handed over.
  StreamBio(const OpenSsl& openssl, Stream* below) : openssl_(&openssl), below_(below) {}
  StreamBio(const StreamBio&) = delete;
  StreamBio& operator=(const StreamBio&) = delete;

  // A new BIO for SSL_set_bio, whose owner frees it; nullptr: no memory.
  BIO* New();

  // What ended a direction of the stream below: 0, or -errno. Of reading -ECONNRESET also for an
  // end of file, which under TLS is no end unless a close_notify came before.
  long read_error() const { return read_error_; }
  long write_error() const { return write_error_; }
  // True where OpenSSL can go on with what has been read ahead.
  bool has_unread() const { return !unread_.empty(); }
  // The first bytes that came: what answered, where it wasn't TLS.
  std::span<const uint8_t> first_bytes() const { return std::span(first_).first(first_size_); }

 private:
  static int Read(BIO* bio, char* data, int size);
  static int Write(BIO* bio, const char* data, int size);
  static long Control(BIO* bio, int command, long number, void* pointer);
  // As Stream::Receive().
  long Take(std::span<uint8_t> out);
  static BIO_METHOD* Method(const OpenSsl& openssl);

  const OpenSsl* openssl_;
  Stream* below_;
  long read_error_ = 0;
  long write_error_ = 0;
  bool at_end_ = false;
  std::unique_ptr<uint8_t[]> buffer_;  // none while nothing comes
  std::span<const uint8_t> unread_;    // of it
  size_t first_size_ = 0;
  std::array<uint8_t, 5> first_{};
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_STREAM_BIO_H_
