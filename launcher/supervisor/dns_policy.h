// DnsPolicy: what is answered to a DNS query of the process tree. No sockets; thread-safe.
//
// Names are told as engine::HowToTell() says: those that some rule may send to a proxy have made-up
// addresses, and nobody is asked for them; those that are direct whatever the port go to the server
// that the program asked, and what it answers is remembered.
#ifndef GOCHAIN_SUPERVISOR_DNS_POLICY_H_
#define GOCHAIN_SUPERVISOR_DNS_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/session.h"
#include "names/dns_message.h"
#include "supervisor/resolv_conf.h"

namespace supervisor {

class DnsPolicy {
 public:
  enum class Verdict : uint8_t { kAnswer, kForward, kIgnore };
  struct Decision {
    Verdict verdict;
    size_t size = 0;  // of the answer
  };

  explicit DnsPolicy(engine::Session& session) : session_(session) {}

  // `conf` is the asking program's. The answer goes to `out`.
  Decision Decide(std::span<const uint8_t> message, const ResolvConf& conf, std::span<uint8_t> out);
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

  engine::Session& session_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_DNS_POLICY_H_
