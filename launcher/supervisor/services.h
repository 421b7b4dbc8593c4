// Services: what the handlers of trapped calls share. Lives as long as the supervisor; thread-safe.
#ifndef GOCHAIN_SUPERVISOR_SERVICES_H_
#define GOCHAIN_SUPERVISOR_SERVICES_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/fd.h"
#include "engine/datagrams.h"
#include "engine/event_log.h"
#include "engine/session.h"
#include "supervisor/call.h"
#include "supervisor/caller.h"
#include "supervisor/carrier.h"
#include "supervisor/dial_registry.h"
#include "supervisor/dns_responder.h"
#include "supervisor/notifier.h"
#include "supervisor/quiet_network.h"
#include "supervisor/ready_pool.h"
#include "supervisor/socket_store.h"

namespace supervisor {

// Things a person hears of once in a run, since they hold for a whole program or machine.
enum class Notice : uint8_t {
  kForeignCalls,
  kNotInspectable,
  kUnknownSocket,
  kOtherNetwork,
  kNoQuietNetwork,
  kCount,
};

struct Services {
  Services(engine::Session& the_session, Notifier& the_notifier, size_t kept_sockets)
      : session(the_session),
        log(the_session.settings(), &the_session.config()),
        notifier(the_notifier),
        dials(the_notifier),
        store(kept_sockets > 0 ? std::make_unique<SocketStore>(kept_sockets) : nullptr),
        carrier(the_session),
        dns(the_session),
        quiet(dns),
        ready(the_session) {}

  void Say(Notice notice, Caller& caller);
  engine::Plan PlanFor(const base::Endpoint& asked, Caller& caller) {
    return engine::MakePlan(session, asked,
                            session.config().HasProgramPatterns() ? caller.exe() : "");
  }
  engine::DatagramJudgement JudgeDatagram(const base::Endpoint& asked, Caller& caller) {
    return engine::JudgeDatagram(session, asked,
                                 session.config().HasProgramPatterns() ? caller.exe() : "");
  }
  // Says it once a target. `protocol`: the socket's SO_PROTOCOL.
  void SayBlocked(engine::LogLevel level, const engine::DatagramJudgement& judgement, int protocol,
                  Caller& caller);

  engine::Session& session;
  const engine::EventLog log;
  Notifier& notifier;
  DialRegistry dials;
  const std::unique_ptr<SocketStore> store;  // null where descriptors can be taken
  Carrier carrier;
  DnsResponder dns;
  QuietNetwork quiet;
  PidfdCache pidfds;
  ReadyPool ready;

 private:
  engine::BlockedDatagrams blocked_;
  std::atomic<bool> said_[static_cast<size_t>(Notice::kCount)] = {};
};

// A socket of a program, and a duplicate of it: in the store, or kept by the call until its answer.
struct ProgramSocket {
  SocketStore::Shared stored;
  int kept = -1;
  uint64_t inode = 0;
  int domain = 0;
  int type = 0;
  int protocol = 0;

  // -1: trap_sockets, and it is none of ours
  int fd() const { return stored != nullptr ? stored->get() : kept; }
  bool is_ip() const;
  bool is_tcp() const;  // or MPTCP
  bool is_udp() const;  // or UDP-Lite
};

// Gets the socket behind descriptor `fd` of `caller`. 0, or -errno for the program:
//   -EBADF, -ENOTSOCK  as its own call would get
//   -ESRCH             the call is dead
//   -EACCES            it can't be had: a notice has been given
//   -ENODATA           trap_sockets: it isn't one the supervisor made. `inode` alone is set.
int GetSocket(Services& services, Call& call, Caller& caller, int fd, ProgramSocket* out);

// Memory that can't be read, as an errno for the program: its own mistake, or ours to say.
int ReadFailure(Services& services, Caller& caller, int error);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_SERVICES_H_
