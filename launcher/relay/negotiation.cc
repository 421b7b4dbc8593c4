#include "relay/negotiation.h"

#include <cstdint>

namespace relay {
namespace {

// RFC 4648 §4.
std::string Base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto byte_at = [&](size_t i) -> uint32_t {
    return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0;
  };
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t group = byte_at(i) << 16 | byte_at(i + 1) << 8 | byte_at(i + 2);
    out += kAlphabet[group >> 18];
    out += kAlphabet[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[group & 63] : '=';
  }
  return out;
}

}  // namespace

struct Negotiation::Work {
  std::string token;
  base::Failure failure;
};

Negotiation::Negotiation(std::string_view host, GssToken (*make)(const std::string& host))
    : work_(std::make_shared<Work>()), errand_([work = work_, make, host = std::string(host)] {
        const GssToken made = make(host);
        work->token = Base64(made.bytes);
        if (made.bytes.empty()) {
          work->failure.cause = base::Cause::kAuthentication;
          work->failure.set_detail("Kerberos: " + made.trouble);
        }
      }) {}

std::string_view Negotiation::token() const { return work_->token; }

base::Failure Negotiation::failure() const {
  if (errand_.error() != 0) {
    return {.cause = base::Cause::kLocal, .code = static_cast<uint16_t>(errand_.error())};
  }
  return work_->failure;
}

}  // namespace relay
