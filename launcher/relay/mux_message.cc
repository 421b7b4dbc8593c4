#include "relay/mux_message.h"

namespace relay {
namespace {

enum Number : uint32_t {
  kHello = 0x00000001,
  kAliveCheck = 0x10000004,
  kNewForward = 0x10000008,
  kPermissionDenied = 0x80000002,
  kFailure = 0x80000003,
  kAlive = 0x80000005,
  kSessionOpened = 0x80000006,
};

// A master's messages to us have some dozen bytes and a sentence at most.
constexpr size_t kMaxMessage = 65536;

void AddNumber(std::string* out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    *out += static_cast<char>(value >> shift & 0xff);
  }
}

void AddText(std::string* out, std::string_view text) {
  AddNumber(out, static_cast<uint32_t>(text.size()));
  *out += text;
}

std::string Packet(std::string_view body) {
  std::string out;
  AddText(&out, body);
  return out;
}

// Takes pieces off the front of a message.
class Body {
 public:
  explicit Body(std::string_view rest) : rest_(rest) {}

  bool TakeNumber(uint32_t* out) {
    if (rest_.size() < 4) {
      return false;
    }
    *out = 0;
    for (size_t i = 0; i < 4; ++i) {
      *out = *out << 8 | static_cast<uint8_t>(rest_[i]);
    }
    rest_.remove_prefix(4);
    return true;
  }
  bool TakeText(std::string* out) {
    uint32_t size = 0;
    if (!TakeNumber(&size) || size > rest_.size()) {
      return false;
    }
    *out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

 private:
  std::string_view rest_;
};

bool Parse(std::string_view text, MuxMessage* out) {
  Body body(text);
  uint32_t type = 0;
  if (!body.TakeNumber(&type)) {
    return false;
  }
  switch (type) {
    case kHello:
      out->type = MuxMessage::Type::kHello;
      return body.TakeNumber(&out->number);
    case kSessionOpened:
      out->type = MuxMessage::Type::kOpened;
      return body.TakeNumber(&out->number);
    case kAlive:
      out->type = MuxMessage::Type::kAlive;
      return body.TakeNumber(&out->number);
    case kPermissionDenied:
    case kFailure:
      out->type = MuxMessage::Type::kRefused;
      return body.TakeNumber(&out->number) && body.TakeText(&out->reason);
    default:
      out->type = MuxMessage::Type::kOther;
      return true;
  }
}

}  // namespace

std::string MuxHello() {
  std::string body;
  AddNumber(&body, kHello);
  AddNumber(&body, kMuxVersion);
  return Packet(body);
}

std::string MuxForward(uint32_t request, std::string_view host, uint16_t port) {
  std::string body;
  AddNumber(&body, kNewForward);
  AddNumber(&body, request);
  AddText(&body, "");  // reserved
  AddText(&body, host);
  AddNumber(&body, port);
  return Packet(body);
}

std::string MuxAliveCheck(uint32_t request) {
  std::string body;
  AddNumber(&body, kAliveCheck);
  AddNumber(&body, request);
  return Packet(body);
}

std::optional<MuxMessage> MuxReader::Next() {
  uint32_t size = 0;
  if (failed_ || !Body(bytes_).TakeNumber(&size)) {
    return std::nullopt;
  }
  if (size > kMaxMessage) {
    failed_ = true;
    return std::nullopt;
  }
  if (bytes_.size() - 4 < size) {
    return std::nullopt;
  }
  MuxMessage message;
  failed_ = !Parse(std::string_view(bytes_).substr(4, size), &message);
  bytes_.erase(0, 4 + size_t{size});
  return failed_ ? std::nullopt : std::optional(message);
}

}  // namespace relay
