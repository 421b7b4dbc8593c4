// Failure: why a dial failed, in a form that both an errno and a log line can be made from.
#ifndef GOCHAIN_BASE_FAILURE_H_
#define GOCHAIN_BASE_FAILURE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace base {

// The causes of the table "What a program sees".
enum class Cause : uint8_t {
  kNone,
  kRejected,         // by a rule
  kRefused,          // RST, SOCKS 5, HTTP 502/503
  kHostUnreachable,  // SOCKS 4, HTTP 504 that names the host, EHOSTUNREACH
  kNetUnreachable,   // SOCKS 3, ENETUNREACH
  kNoSuchName,       // looked up here, in vain
  kForbidden,        // SOCKS 2, HTTP 403 and other 4xx
  kAuthentication,   // 407, RFC 1929 failure, no acceptable method
  kTimedOut,         // connect_timeout, SOCKS 6, HTTP 504
  kNotTheProtocol,   // the reply is none of the protocol's
  kClosedEarly,      // end of file or reset inside the handshake
  kConfigUnusable,   // library alone, config can't be read
  kRelay,            // gochain's own relay can't be used; `code` is the errno
  kTlsUntrusted,     // the certificate of an https:// proxy: nobody who is trusted stands for it
  kTlsName,          // it is for another host; `detail` is "other.example, not proxy.example"
  kSsh,              // the system's ssh: not there, won't trust the host, can't read its config
  kLocal,            // a local call failed; `code` is its errno
};
inline constexpr Cause kLastCause = Cause::kLocal;

struct Failure {
  // Which side said so: the hop itself, or something behind it as the hop reports it. kNobody: the
  // hop kept silent when it was to tell how that behaves.
  enum class Speaker : uint8_t { kHop, kTarget, kNobody };
  static constexpr Speaker kLastSpeaker = Speaker::kNobody;

  Cause cause = Cause::kNone;
  Speaker speaker = Speaker::kHop;
  uint8_t hop = 0;                // index in the chain; 0 where the dial is direct
  uint16_t code = 0;              // SOCKS reply, HTTP status or errno; 0 where there is none
  std::array<char, 96> detail{};  // what the proxy said of it (reason phrase, realm); terminated

  explicit operator bool() const { return cause != Cause::kNone; }
  std::string_view detail_text() const { return detail.data(); }
  void set_detail(std::string_view text);  // cut to fit; control bytes become '?'
};

// errno for the program, by the table in design.md.
int ToErrno(const Failure& failure);

// "connection refused by target", "proxy authentication failed (407 …)": for the log, after the
// hop. `behind` is what the hop was to connect to: "target", or the next hop's name. The view is of
// `buffer`.
std::string_view Describe(const Failure& failure, std::string_view behind,
                          std::array<char, 512>& buffer);

// A failed connect(2) to a hop or, when direct, to the target. `error` is an errno > 0.
Failure FromConnectErrno(int error);

// Of a look-up of `what` that ended in that: 0, no such name, or -errno.
Failure FromLookup(int result, std::string_view what);

}  // namespace base

#endif  // GOCHAIN_BASE_FAILURE_H_
