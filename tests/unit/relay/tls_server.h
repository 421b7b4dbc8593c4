// TlsServer: the other end of a TlsStream, by OpenSSL, on a thread of its own over a socket pair.
#ifndef GOCHAIN_TESTS_UNIT_RELAY_TLS_SERVER_H_
#define GOCHAIN_TESTS_UNIT_RELAY_TLS_SERVER_H_

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/syscalls.h"
#include "identity.h"
#include "relay/stream.h"

namespace relay {

// A stream over one end of a socket pair that passes on at most `limit` bytes a call and, where
// `stutters`, does nothing at every second call.
class PairStream final : public Stream {
 public:
  explicit PairStream(base::Fd fd, size_t limit = SIZE_MAX, bool stutters = false)
      : fd_(std::move(fd)), limit_(limit), stutters_(stutters) {}

  long Send(std::span<const uint8_t> data) override {
    if (refuses_ || Stutters()) return -EAGAIN;
    return sys::Send(fd_.get(), data.data(), std::min(data.size(), limit_),
                     MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  long Receive(std::span<uint8_t> out, bool peek) override {
    if (Stutters()) return -EAGAIN;
    if (budget_ == 0) return 0;
    const long got = sys::Recv(fd_.get(), out.data(), std::min({out.size(), limit_, budget_}),
                               peek ? MSG_DONTWAIT | MSG_PEEK : MSG_DONTWAIT);
    budget_ -= got > 0 && !peek ? static_cast<size_t>(got) : 0;
    return got;
  }
  int fd() const override { return fd_.get(); }
  long ShutdownWrite() override {
    shutdown(fd_.get(), SHUT_WR);
    return 0;
  }
  void Abort() override {}
  void set_refuses(bool refuses) { refuses_ = refuses; }
  // After so many more bytes it is at its end.
  void set_budget(size_t budget) { budget_ = budget; }

 private:
  bool Stutters() { return stutters_ && (odd_ = !odd_); }

  base::Fd fd_;
  size_t limit_;
  size_t budget_ = SIZE_MAX;
  bool stutters_;
  bool odd_ = false;
  bool refuses_ = false;
};

// Both ends of a connection; each holds few bytes where `small`.
struct Pair {
  base::Fd ours;
  base::Fd theirs;

  explicit Pair(bool small = false) {
    int fds[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
    ours.Reset(fds[0]);
    theirs.Reset(fds[1]);
    const int size = 4096;
    for (int i = 0; i < 2 && small; ++i) {
      setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
  }
};

struct ServerOptions {
  const Identity* identity = nullptr;
  const Identity* intermediate = nullptr;      // sent behind it
  const Identity* client_authority = nullptr;  // clients need a certificate of its
  int max_version = 0;                         // TLS1_2_VERSION…; 0: any
};

class TlsServer {
 public:
  // What the server does once the handshake is through.
  using Action = std::function<void(SSL*)>;

  // Takes the descriptor; it is closed when `action` is done.
  TlsServer(base::Fd fd, const ServerOptions& options, Action action = {})
      : fd_(std::move(fd)), context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_set_security_level(context_, 0);  // TLS 1.1
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, options.max_version);
    SSL_CTX_use_certificate(context_, options.identity->certificate());
    SSL_CTX_use_PrivateKey(context_, options.identity->key());
    if (options.intermediate != nullptr) {
      SSL_CTX_add1_chain_cert(context_, options.intermediate->certificate());
    }
    if (options.client_authority != nullptr) {
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_),
                          options.client_authority->certificate());
    }
    SSL_CTX_set_alpn_select_cb(context_, SelectProtocol, this);
    thread_ = std::thread([this, action] { Serve(action); });
  }
  ~TlsServer() {
    Join();
    SSL_CTX_free(context_);
  }

  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  // REQUIRES: Join()
  const std::string& server_name() const { return server_name_; }
  const std::string& protocols() const { return protocols_; }  // offered, as on the wire
  const std::string& version() const { return version_; }
  bool is_up() const { return is_up_; }

 private:
  static int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                            const unsigned char* offered, unsigned size, void* self) {
    static_cast<TlsServer*>(self)->protocols_.assign(reinterpret_cast<const char*>(offered), size);
    *out = offered + 1;
    *out_size = offered[0];
    return SSL_TLSEXT_ERR_OK;
  }

  void Serve(const Action& action) {
    SSL* const ssl = SSL_new(context_);
    SSL_set_fd(ssl, fd_.get());
    is_up_ = SSL_accept(ssl) == 1;
    if (const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
      server_name_ = name;
    }
    version_ = SSL_get_version(ssl);
    if (is_up_ && action) {
      action(ssl);
    }
    SSL_free(ssl);
    fd_.Reset();
  }

  base::Fd fd_;
  SSL_CTX* context_;
  std::thread thread_;
  std::string server_name_;
  std::string protocols_;
  std::string version_;
  bool is_up_ = false;
};

}  // namespace relay

#endif  // GOCHAIN_TESTS_UNIT_RELAY_TLS_SERVER_H_
