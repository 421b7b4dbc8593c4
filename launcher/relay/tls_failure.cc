#include "relay/tls_failure.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/endpoint.h"

namespace relay {
namespace {

base::Failure Make(base::Cause cause, std::string_view detail) {
  base::Failure out;
  out.cause = cause;
  out.set_detail(detail);
  return out;
}

// "Corp CA": what people call who has that distinguished name.
std::string ShortName(const OpenSsl& openssl, X509_NAME* name) {
  for (const int part : {NID_commonName, NID_organizationName}) {
    char text[200];
    if (openssl.X509_NAME_get_text_by_NID(name, part, text, sizeof text) > 0) {
      return text;
    }
  }
  return "nobody";
}

// "2026-01-02"
std::string Day(const OpenSsl& openssl, const ASN1_TIME* time) {
  struct tm parts = {};
  if (openssl.ASN1_TIME_to_tm(time, &parts) != 1) {
    return "?";
  }
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string AlternativeName(const OpenSsl& openssl, const GENERAL_NAME* name) {
  if (name->type != GEN_DNS && name->type != GEN_IPADD) {
    return {};
  }
  const ASN1_STRING* const value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
  const unsigned char* const data = openssl.ASN1_STRING_get0_data(value);
  const auto size = static_cast<size_t>(openssl.ASN1_STRING_length(value));
  if (name->type == GEN_DNS) {
    return {reinterpret_cast<const char*>(data), size};
  }
  base::IpAddress address;
  if (size == 4) {
    address = base::IpAddress::V4Bytes(std::span<const uint8_t, 4>(data, 4));
  } else if (size == 16) {
    address = base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(data, 16));
  } else {
    return {};
  }
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(base::Endpoint(address, 0).HostText(buffer, false));
}

// "other.example", "other.example and 2 more": the hosts that a certificate is for.
std::string Hosts(const OpenSsl& openssl, X509* certificate) {
  std::vector<std::string> names;
  auto* const all = static_cast<GENERAL_NAMES*>(
      openssl.X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (all != nullptr) {
    const auto* const stack = reinterpret_cast<const OPENSSL_STACK*>(all);
    for (int i = 0; i < openssl.OPENSSL_sk_num(stack); ++i) {
      std::string name = AlternativeName(
          openssl, static_cast<const GENERAL_NAME*>(openssl.OPENSSL_sk_value(stack, i)));
      if (!name.empty()) {
        names.push_back(std::move(name));
      }
    }
    openssl.GENERAL_NAMES_free(all);
  }
  if (names.empty()) {
    return ShortName(openssl, openssl.X509_get_subject_name(certificate));
  }
  return names.size() == 1 ? names[0] : fmt::format("{} and {} more", names[0], names.size() - 1);
}

// The reason's place in an error has grown since OpenSSL 1.1; those of TLS fit into the old one.
int Reason(unsigned long error) { return static_cast<int>(error & 0xfff); }

// Is the alert, which came from the other side, one of those about a client's certificate?
bool IsAboutCertificate(int reason, bool certificate_wanted) {
  switch (reason) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:  // TLS 1.2's word for it
      return certificate_wanted;
    default:
      return false;
  }
}

// Every record begins with its type, 20 to 24, and version 3 (RFC 8446 §5.1).
bool IsTls(std::span<const uint8_t> first) {
  return first.empty() || (first[0] >= 20 && first[0] <= 24 && (first.size() < 2 || first[1] == 3));
}

base::Failure NotTls(std::span<const uint8_t> first) {
  constexpr std::string_view kHttp = "HTTP/";
  const bool http = std::ranges::equal(
      first, kHttp, [](uint8_t byte, char c) { return byte == static_cast<uint8_t>(c); });
  return Make(base::Cause::kNotTheProtocol,
              http ? "plain HTTP, no TLS, on that port: its url begins with http://"
                   : "no TLS on that port");
}

}  // namespace

base::Failure NoOpenSsl() {
  return Make(base::Cause::kConfigUnusable,
              "https:// proxies need OpenSSL's libssl.so.3 (or 1.1), which isn't installed");
}

base::Failure UnusableFile(const OpenSsl& openssl, const char* what, const std::string& file) {
  const char* const reason = access(file.c_str(), R_OK) != 0
                                 ? strerror(errno)
                                 : openssl.ERR_reason_error_string(openssl.ERR_peek_error());
  return Make(base::Cause::kConfigUnusable,
              fmt::format("{} {}: {}", what, file.substr(file.rfind('/') + 1),
                          reason != nullptr ? reason : "can't be read"));
}

base::Failure FromVerification(const OpenSsl& openssl, X509_STORE_CTX* store,
                               const TlsOptions& options) {
  const int error = openssl.X509_STORE_CTX_get_error(store);
  X509* const certificate = openssl.X509_STORE_CTX_get_current_cert(store);
  const bool own_file = !options.ca_file.empty();
  // Whose certificate it is that has come too early or too late.
  const std::string_view whose =
      openssl.X509_STORE_CTX_get_error_depth(store) > 0 ? "the authority's certificate: " : "";
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Make(base::Cause::kTlsName,
                  fmt::format("{}, not {}", Hosts(openssl, certificate), options.host));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return Make(base::Cause::kTlsUntrusted,
                  own_file ? "self-signed certificate, which ca_file doesn't have"
                           : "self-signed certificate; ca_file names an authority");
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return Make(
          base::Cause::kTlsUntrusted,
          fmt::format("issued by {}{}",
                      ShortName(openssl, openssl.X509_get_issuer_name(certificate)),
                      own_file ? ", which ca_file doesn't have" : "; ca_file names an authority"));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Make(base::Cause::kTlsUntrusted,
                  fmt::format("{}expired on {}", whose,
                              Day(openssl, openssl.X509_get0_notAfter(certificate))));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Make(base::Cause::kTlsUntrusted,
                  fmt::format("{}not valid before {}; is the clock right?", whose,
                              Day(openssl, openssl.X509_get0_notBefore(certificate))));
    default:
      return Make(base::Cause::kTlsUntrusted, openssl.X509_verify_cert_error_string(error));
  }
}

base::Failure FromSession(const OpenSsl& openssl, const BrokenSession& session,
                          const TlsOptions& options) {
  if (session.in_handshake && !IsTls(session.first_bytes)) {
    return NotTls(session.first_bytes);
  }
  if (IsAboutCertificate(Reason(session.error), session.certificate_wanted)) {
    return Make(base::Cause::kAuthentication,
                options.client_cert.empty() ? "it wants a client certificate; client_cert names one"
                                            : "it refused the certificate of client_cert");
  }
  if (session.below != 0) {
    base::Failure out = base::FromConnectErrno(static_cast<int>(-session.below));
    if (session.certificate_wanted) {
      out.set_detail("it had asked for a client certificate; client_cert names one");
    } else if (session.in_handshake) {
      out.set_detail("in the TLS handshake");
    }
    return out;
  }
  switch (Reason(session.error)) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return Make(base::Cause::kNotTheProtocol, "its TLS is older than 1.2");
    default:
      break;
  }
  const char* const reason = openssl.ERR_reason_error_string(session.error);
  return Make(base::Cause::kNotTheProtocol,
              fmt::format("TLS: {}", reason != nullptr ? reason : "unknown error"));
}

}  // namespace relay
