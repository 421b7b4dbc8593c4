#include "relay/tls_context.h"

#include <sys/stat.h>

#include "base/endpoint.h"
#include "relay/tls_failure.h"
#include "relay/tls_stream.h"

namespace relay {
namespace {

// A name on the wire of ALPN (RFC 7301 §3.1) has its length before it.
constexpr unsigned char kProtocols[] = "\x08http/1.1";

// Without it OpenSSL would ask at the terminal, which is the program's.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*user*/) { return 0; }

// Which file it is and whether somebody has written to it since.
std::string Stamp(const std::string& path) {
  struct stat status = {};
  if (path.empty() || stat(path.c_str(), &status) != 0) {
    return "-";
  }
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) + ":" +
         std::to_string(status.st_size) + ":" + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace

TlsOptions TlsOptions::Of(const config::Config& config, const config::Proxy& proxy) {
  return {.host = std::string(config.text(proxy.host)),
          .ca_file = std::string(config.text(proxy.ca_file)),
          .client_cert = std::string(config.text(proxy.client_cert)),
          .client_key = std::string(config.text(proxy.client_key)),
          .insecure = proxy.insecure};
}

std::shared_ptr<const TlsContext> TlsContext::Make(const TlsOptions& options,
                                                   base::Failure* failure) {
  const OpenSsl* const openssl = OpenSsl::Get();
  if (openssl == nullptr) {
    *failure = NoOpenSsl();
    return nullptr;
  }
  std::shared_ptr<TlsContext> out(new TlsContext(*openssl, options));
  return out->SetUp(failure) ? out : nullptr;
}

TlsContext::~TlsContext() { openssl_->SSL_CTX_free(context_); }

bool TlsContext::SetUp(base::Failure* failure) {
  openssl_->ERR_clear_error();
  context_ = openssl_->SSL_CTX_new(openssl_->TLS_client_method());
  if (context_ == nullptr) {
    return Complain("OpenSSL can't be used", {}, failure);
  }
  openssl_->SSL_CTX_ctrl(context_, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  openssl_->SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A write that was refused may come again from a buffer that has moved, and an idle connection
  // keeps no buffers.
  openssl_->SSL_CTX_ctrl(context_, SSL_CTRL_MODE,
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                             SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY,
                         nullptr);
  // Its answer is 0 where all is well.
  openssl_->SSL_CTX_set_alpn_protos(context_, kProtocols, sizeof kProtocols - 1);
  return SetTrust(failure) && SetCertificate(failure);
}

bool TlsContext::SetTrust(base::Failure* failure) {
  if (options_.insecure) {
    openssl_->SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
    return true;
  }
  openssl_->SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, TlsStream::OnVerified);
  if (options_.ca_file.empty()) {
    // SSL_CERT_FILE and SSL_CERT_DIR, or the distribution's folder.
    openssl_->SSL_CTX_set_default_verify_paths(context_);
  } else if (openssl_->SSL_CTX_load_verify_locations(context_, options_.ca_file.c_str(), nullptr) !=
             1) {
    return Complain("ca_file", options_.ca_file, failure);
  }
  X509_VERIFY_PARAM* const param = openssl_->SSL_CTX_get0_param(context_);
  openssl_->X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const auto address = base::IpAddress::Parse(options_.host);
  const int set = address ? openssl_->X509_VERIFY_PARAM_set1_ip(param, address->bytes().data(),
                                                                address->bytes().size())
                          : openssl_->X509_VERIFY_PARAM_set1_host(param, options_.host.data(),
                                                                  options_.host.size());
  return set == 1 || Complain("OpenSSL can't check for", options_.host, failure);
}

bool TlsContext::SetCertificate(base::Failure* failure) {
  openssl_->SSL_CTX_set_default_passwd_cb(context_, NoPassphrase);
  if (options_.client_cert.empty()) {
    openssl_->SSL_CTX_set_client_cert_cb(context_, TlsStream::OnCertificateWanted);
    return true;
  }
  const std::string& key = options_.client_key.empty() ? options_.client_cert : options_.client_key;
  if (openssl_->SSL_CTX_use_certificate_chain_file(context_, options_.client_cert.c_str()) != 1) {
    return Complain("client_cert", options_.client_cert, failure);
  }
  // The key is compared with the certificate as it is read.
  return openssl_->SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) == 1 ||
         Complain(options_.client_key.empty() ? "client_cert" : "client_key", key, failure);
}

bool TlsContext::Complain(const char* what, const std::string& file, base::Failure* failure) const {
  *failure = UnusableFile(*openssl_, what, file);
  return false;
}

std::shared_ptr<const TlsContext> TlsContexts::Get(const config::Config& config, uint16_t proxy,
                                                   base::Failure* failure) {
  const TlsOptions options = TlsOptions::Of(config, config.proxies()[proxy]);
  const std::string stamp =
      Stamp(options.ca_file) + " " + Stamp(options.client_cert) + " " + Stamp(options.client_key);
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[proxy];
  if (entry.context == nullptr || entry.stamp != stamp) {
    entry.context = TlsContext::Make(options, failure);
    entry.stamp = stamp;
  }
  return entry.context;
}

}  // namespace relay
