// DnsPolicy: what is answered to a DNS query of the process tree, by the supervisor's responder and
// by the library alone. No sockets, nothing allocated; any thread, async-signal-safe.
//
// Names are told as HowToTell() says: those that some rule may send to a proxy have made-up
// addresses, and nobody is asked for them; those that are direct whatever the port go to the server
// that the program asked, and what it answers is remembered.
#ifndef GOCHAIN_ENGINE_DNS_POLICY_H_
#define GOCHAIN_ENGINE_DNS_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/session.h"
#include "names/dns_message.h"
#include "names/resolv_conf.h"

namespace engine {

class DnsPolicy {
 public:
  enum class Verdict : uint8_t { kAnswer, kForward, kIgnore };
  struct Decision {
    Verdict verdict;
    size_t size = 0;  // of the answer
  };

  explicit DnsPolicy(Session& session) : session_(session) {}

  // `conf` is the asking program's. The answer goes to `out`.
  Decision Decide(std::span<const uint8_t> message, const names::ResolvConf& conf,
                  std::span<uint8_t> out);
  // A server has said `answer` to `message`, which was forwarded: kForward where the program is
  // told so, byte for byte, else what it is told is in `out`.
  Decision Review(std::span<const uint8_t> message, std::span<const uint8_t> answer,
                  std::span<uint8_t> out);
  // The answer to a forwarded query whose server said nothing.
  static size_t ServerFailure(std::span<const uint8_t> message, std::span<uint8_t> out);

 private:
  Decision SayAddresses(std::span<const uint8_t> message, const names::DnsQuery& query,
                        std::span<const config::HostAddress> hosts, std::span<uint8_t> out);
  Decision SayLoopback(std::span<const uint8_t> message, const names::DnsQuery& query,
                       std::span<uint8_t> out);
  Decision SayMadeUp(std::span<const uint8_t> message, const names::DnsQuery& query,
                     std::span<uint8_t> out);

  Session& session_;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_DNS_POLICY_H_
