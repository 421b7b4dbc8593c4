#include "base/failure.h"

#include <cerrno>

#include "base/text.h"

namespace base {
namespace {

std::string_view ErrnoText(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
      return "too many open files";
    case ENOMEM:
    case ENOBUFS:
      return "out of memory";
    case EADDRNOTAVAIL:
      return "no local address or port left";
    case EACCES:
    case EPERM:
      return "not permitted here";
    case EINTR:
      return "interrupted by a signal";
    case EAFNOSUPPORT:
      return "address family not supported";
    case EINPROGRESS:
      return "the socket's own time-out (SO_SNDTIMEO) ran out";
    default:
      return {};
  }
}

std::string_view CauseText(const Failure& failure) {
  switch (failure.cause) {
    case Cause::kNone:
      return "no failure";
    case Cause::kRejected:
      return "rejected by rule";
    case Cause::kRefused:
      return "connection refused";
    case Cause::kHostUnreachable:
      return "host unreachable";
    case Cause::kNetUnreachable:
      return "network unreachable";
    case Cause::kNoSuchName:
      return "no such name";
    case Cause::kForbidden:
      return "forbidden by proxy";
    case Cause::kAuthentication:
      return "proxy authentication failed";
    case Cause::kTimedOut:
      return "timed out";
    case Cause::kNotTheProtocol:
      return "reply is not of the proxy's protocol";
    case Cause::kClosedEarly:
      return "connection closed during the handshake";
    case Cause::kConfigUnusable:
      return "config unusable";
    case Cause::kRelay:
      return "gochain's relay can't be used";
    case Cause::kLocal: {
      const std::string_view text = ErrnoText(failure.code);
      return text.empty() ? "local error" : text;
    }
    case Cause::kTlsUntrusted:
      return "certificate not trusted";
    case Cause::kTlsName:
      return "certificate is for another host";
    case Cause::kSsh:
      return "ssh failed";
  }
  return "unknown";
}

}  // namespace

void Failure::set_detail(std::string_view text) {
  const size_t size = text.size() < detail.size() - 1 ? text.size() : detail.size() - 1;
  for (size_t i = 0; i < size; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    detail[i] = c < ' ' || c == 0x7f ? '?' : text[i];
  }
  detail[size] = '\0';
}

int ToErrno(const Failure& failure) {
  switch (failure.cause) {
    case Cause::kNone:
      return 0;
    case Cause::kRejected:
    case Cause::kForbidden:
    case Cause::kAuthentication:
    case Cause::kConfigUnusable:
    case Cause::kTlsUntrusted:
    case Cause::kTlsName:
    case Cause::kSsh:
      return EACCES;
    case Cause::kRefused:
      return ECONNREFUSED;
    case Cause::kHostUnreachable:
    case Cause::kNoSuchName:
      return EHOSTUNREACH;
    case Cause::kNetUnreachable:
      return ENETUNREACH;
    case Cause::kTimedOut:
      return ETIMEDOUT;
    case Cause::kNotTheProtocol:
    case Cause::kClosedEarly:
      return ECONNRESET;
    case Cause::kRelay:
    case Cause::kLocal:
      return failure.code;
  }
  return ECONNRESET;
}

std::string_view Describe(const Failure& failure, std::string_view behind,
                          std::array<char, 512>& buffer) {
  TextWriter out(buffer);
  if (failure.cause == Cause::kTlsName && !failure.detail_text().empty()) {
    return out.Append("certificate is for ").Append(failure.detail_text()).view();
  }
  out.Append(CauseText(failure));
  if (failure.speaker == Failure::Speaker::kTarget && failure.cause == Cause::kRefused) {
    out.Append(" by ").Append(behind);
  }
  if (!failure.detail_text().empty()) {
    out.Append(" (").Append(failure.detail_text()).Append(")");
  } else if (failure.cause == Cause::kLocal && ErrnoText(failure.code).empty()) {
    out.Append(" (errno ").AppendNumber(failure.code).Append(")");
  }
  return out.view();
}

Failure FromConnectErrno(int error) {
  Failure out;
  out.code = static_cast<uint16_t>(error);
  switch (error) {
    case ECONNREFUSED:
      out.cause = Cause::kRefused;
      break;
    case EHOSTUNREACH:
    case EHOSTDOWN:
      out.cause = Cause::kHostUnreachable;
      break;
    case ENETUNREACH:
    case ENETDOWN:
      out.cause = Cause::kNetUnreachable;
      break;
    case ETIMEDOUT:
      out.cause = Cause::kTimedOut;
      break;
    case ECONNRESET:
    case EPIPE:
      out.cause = Cause::kClosedEarly;
      break;
    default:
      out.cause = Cause::kLocal;
      break;
  }
  return out;
}

Failure FromLookup(int result, std::string_view what) {
  Failure out{.cause = Cause::kNoSuchName};
  std::array<char, sizeof out.detail> detail;
  TextWriter text(detail);
  if (result < 0) {
    out = FromConnectErrno(-result);
    text.Append("looking up ").Append(what.empty() ? "the name" : what);
  } else {
    text.Append(what);
  }
  out.set_detail(text.view());
  return out;
}

}  // namespace base
