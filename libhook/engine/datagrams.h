// Datagrams: what leaves a program as something else than TCP: UDP, ping, raw sockets, SCTP.
//
// No proxy carries them, and no name is looked up for them. So they go straight to the address that
// the program gives, or not at all: JudgeDatagram says which, for both doors, and BlockedDatagrams
// tells a person. Async-signal-safe, any thread.
#ifndef GOCHAIN_ENGINE_DATAGRAMS_H_
#define GOCHAIN_ENGINE_DATAGRAMS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/endpoint.h"
#include "engine/event_log.h"
#include "engine/session.h"

namespace engine {

enum class DatagramVerdict : uint8_t {
  kSend,
  kBlocked,    // its route goes through proxies, and udp = block
  kNoAddress,  // its name has a made-up address
  kRewritten,  // [rewrite] has another target for it
  kRejected,   // its route is reject
  kDns,        // a question, which gochain answers itself where it can
  kNoRules,    // a library without rules lets nothing out but loopback
};

struct DatagramJudgement {
  DatagramVerdict verdict = DatagramVerdict::kNoRules;
  base::Endpoint target;  // by its name, where the program was told the address for one
};

DatagramJudgement JudgeDatagram(Session& session, const base::Endpoint& asked,
                                std::string_view exe);

// Resolvers connect UDP sockets to sort addresses, which sends nothing. With SCTP it does.
bool ConnectSendsNothing(int protocol);
// The ports that they take for it, and nobody else: of no interest to a person.
bool IsForSorting(uint16_t port);

// Says of each target once that its datagrams are blocked, as programs try again, and of no more
// than kMaxTargets. Thread-safe.
class BlockedDatagrams {
 public:
  static constexpr size_t kMaxTargets = 32;

  struct Datagram {
    DatagramJudgement judgement;
    int protocol = 0;      // SO_PROTOCOL
    std::string_view exe;  // of the program
    int pid = 0;
  };

  // REQUIRES: the verdict isn't kSend
  void Say(const EventLog& log, LogLevel level, const Datagram& datagram);

 private:
  bool IsFirst(std::string_view target);

  std::array<std::atomic<uint32_t>, kMaxTargets> said_{};  // hashes; 0: free
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_DATAGRAMS_H_
