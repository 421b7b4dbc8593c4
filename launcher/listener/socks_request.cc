#include "listener/socks_request.h"

#include <optional>
#include <string_view>
#include <utility>

#include "listener/host_and_port.h"

namespace listener {
namespace {

constexpr uint8_t kVersion4 = 4;
constexpr uint8_t kVersion5 = 5;
constexpr uint8_t kConnect = 1;
constexpr uint8_t kNoAuthentication = 0;
constexpr uint8_t kNoAcceptableMethod = 0xff;

enum AddressType : uint8_t { kV4 = 1, kName = 3, kV6 = 4 };

// Version, command, reserved, address type; of a name its length.
constexpr size_t kSocks5Head = 4;
constexpr size_t kSocks4Head = 8;

uint16_t PortAt(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::string_view TextOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string Bytes(std::initializer_list<uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

// Where the target is connected from says nothing behind a proxy: 0.0.0.0:0.
std::string Socks5ReplyBytes(Socks5Reply reply) {
  return Bytes({kVersion5, static_cast<uint8_t>(reply), 0, kV4, 0, 0, 0, 0, 0, 0});
}

std::string Socks4ReplyBytes(bool granted) {
  constexpr uint8_t kGranted = 90;
  constexpr uint8_t kFailed = 91;
  return Bytes({0, granted ? kGranted : kFailed, 0, 0, 0, 0, 0, 0});
}

size_t SocksRequest::Take(std::span<const uint8_t> bytes, std::string* answer) {
  size_t at = 0;
  while (at < bytes.size() && state_ == State::kReading) {
    TakeByte(bytes[at++], answer);
  }
  return at;
}

void SocksRequest::TakeByte(uint8_t byte, std::string* answer) {
  message_[size_++] = byte;
  switch (step_) {
    case Step::kGreeting:
      if (message_[0] == kVersion4) {
        step_ = Step::kSocks4;
      } else if (size_ > 1 && size_ == size_t{2} + message_[1]) {
        EndGreeting(answer);
      }
      return;
    case Step::kSocks5:
      LookAtSocks5(answer);
      return;
    case Step::kSocks4:
      step_ = size_ == kSocks4Head ? Step::kSocks4Texts : Step::kSocks4;
      return;
    case Step::kSocks4Texts:
      LookAtSocks4(answer);
      return;
  }
}

void SocksRequest::Refuse(const std::string& bytes, std::string* answer) {
  answer->append(bytes);
  state_ = State::kRefused;
}

void SocksRequest::EndGreeting(std::string* answer) {
  for (const uint8_t method : message().subspan(2)) {
    if (method == kNoAuthentication) {
      answer->append(Bytes({kVersion5, kNoAuthentication}));
      step_ = Step::kSocks5;
      size_ = 0;
      return;
    }
  }
  Refuse(Bytes({kVersion5, kNoAcceptableMethod}), answer);
}

void SocksRequest::LookAtSocks5(std::string* answer) {
  if (message_[0] != kVersion5) {
    Refuse(Socks5ReplyBytes(Socks5Reply::kGeneralFailure), answer);
    return;
  }
  if (size_ <= kSocks5Head) {
    const bool is_known =
        size_ < kSocks5Head || message_[3] == kV4 || message_[3] == kName || message_[3] == kV6;
    if (!is_known) {
      Refuse(Socks5ReplyBytes(Socks5Reply::kAddressTypeNotSupported), answer);
    }
    return;
  }
  const size_t address_size = message_[3] == kV4   ? size_t{4}
                              : message_[3] == kV6 ? size_t{16}
                                                   : size_t{1} + message_[kSocks5Head];
  if (size_ == kSocks5Head + address_size + 2) {
    EndSocks5(answer);
  }
}

void SocksRequest::EndSocks5(std::string* answer) {
  if (message_[1] != kConnect) {
    Refuse(Socks5ReplyBytes(Socks5Reply::kCommandNotSupported), answer);
    return;
  }
  const auto bytes = message();
  const uint16_t port = PortAt(bytes, size_ - 2);
  std::optional<base::Endpoint> target;
  switch (message_[3]) {
    case kV4:
      target.emplace(base::IpAddress::V4Bytes(bytes.subspan<kSocks5Head, 4>()), port);
      break;
    case kV6:
      target.emplace(base::IpAddress::V6Bytes(bytes.subspan<kSocks5Head, 16>()), port);
      break;
    default:
      target = EndpointOf(TextOf(bytes.subspan(kSocks5Head + 1, message_[kSocks5Head])), port);
  }
  if (!target) {
    Refuse(Socks5ReplyBytes(Socks5Reply::kGeneralFailure), answer);
    return;
  }
  request_.protocol = Protocol::kSocks5;
  request_.target = *target;
  state_ = State::kRequested;
}

// The user, whom nobody asks about, and, of 4a, the name.
void SocksRequest::LookAtSocks4(std::string* answer) {
  const size_t start = user_end_ > 0 ? user_end_ : kSocks4Head;
  if (message_[size_ - 1] != 0) {
    if (size_ - start > kMaxText) {
      Refuse(Socks4ReplyBytes(false), answer);
    }
    return;
  }
  const bool is_4a = message_[4] == 0 && message_[5] == 0 && message_[6] == 0 && message_[7] != 0;
  if (is_4a && user_end_ == 0) {
    user_end_ = size_;
    return;
  }
  EndSocks4(answer);
}

void SocksRequest::EndSocks4(std::string* answer) {
  const auto bytes = message();
  const uint16_t port = PortAt(bytes, 2);
  const auto target =
      user_end_ > 0 ? EndpointOf(TextOf(bytes.subspan(user_end_, size_ - 1 - user_end_)), port)
                    : base::Endpoint(base::IpAddress::V4Bytes(bytes.subspan<4, 4>()), port);
  if (message_[1] != kConnect || !target) {
    Refuse(Socks4ReplyBytes(false), answer);
    return;
  }
  request_.protocol = Protocol::kSocks4;
  request_.target = *target;
  state_ = State::kRequested;
}

}  // namespace listener
