// The messages of a ssh master's control socket, as OpenSSH's PROTOCOL.mux has them: bytes only.
//
// Each is a length, a type and a body; numbers are 32 bits in network order. Of the whole protocol
// there is what one connection to a target needs, and the question whether the master lives.
#ifndef GOCHAIN_RELAY_MUX_MESSAGE_H_
#define GOCHAIN_RELAY_MUX_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace relay {

inline constexpr uint32_t kMuxVersion = 4;  // of every OpenSSH since 5.7

// Each side's first message.
std::string MuxHello();
// A connection to `host`:`port`. Behind it go the two descriptors that the master shall read from
// and write to, each with one byte. (PROTOCOL.mux calls the port a string. It is a number.)
std::string MuxForward(uint32_t request, std::string_view host, uint16_t port);
std::string MuxAliveCheck(uint32_t request);

struct MuxMessage {
  enum class Type : uint8_t {
    kHello,
    kOpened,   // the connection is up
    kRefused,  // it can't be: the far side's refusal, or the user's at the master
    kAlive,
    kOther,  // nothing that a client need know
  };
  Type type = Type::kOther;
  uint32_t number = 0;  // the version in kHello, else the request that is answered
  std::string reason;   // kRefused
};

// Makes messages of a stream of bytes.
class MuxReader {
 public:
  void Feed(std::span<const uint8_t> data) { bytes_.append(data.begin(), data.end()); }
  // The next message; none where it has not come whole.
  std::optional<MuxMessage> Next();
  // What came is none of the protocol's: there will be no more messages.
  bool failed() const { return failed_; }

 private:
  std::string bytes_;
  bool failed_ = false;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_MUX_MESSAGE_H_
