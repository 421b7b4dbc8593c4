// DnsPolicy: what is answered to a DNS query of the process tree. No sockets; thread-safe.
//
// A name that some rule may send to a proxy gets its made-up address; nobody is asked for it. Names
// that are direct whatever the port go to the server that the program asked.
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
  // The answer to a forwarded query whose server said nothing.
  static size_t ServerFailure(std::span<const uint8_t> message, std::span<uint8_t> out);

 private:
  engine::Session& session_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_DNS_POLICY_H_
