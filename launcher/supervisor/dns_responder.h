// DnsResponder: the DNS server of the process tree, on loopback and in the quiet network.
//
// Its sockets and its thread are made for the first query. A query is answered at once or handed to
// the server that the program asked, byte for byte; forwarding never keeps other queries waiting.
// TCP connections, which are rare, have a thread each. Thread-safe.
#ifndef GOCHAIN_SUPERVISOR_DNS_RESPONDER_H_
#define GOCHAIN_SUPERVISOR_DNS_RESPONDER_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/endpoint.h"
#include "base/fd.h"
#include "engine/dns_policy.h"
#include "engine/session.h"
#include "supervisor/dns_clients.h"
#include "supervisor/dns_socket.h"

namespace supervisor {

class DnsResponder {
 public:
  explicit DnsResponder(engine::Session& session) : policy_(session) {}
  // Blocks until its threads are gone.
  ~DnsResponder();

  // Connects the program's socket `fd` to the responder, which takes it for `client`. Returns 0 or
  // -errno; `actual` is where the socket is connected to then.
  int Attach(int fd, int domain, int type, const DnsClient& client, base::Endpoint* actual);

  // Also answers on `socket`, which is bound to port 53 of a quiet network.
  bool Adopt(base::Fd socket, DnsClients::Kind kind);
  DnsClients& clients() { return clients_; }

  // Takes `query`, as if it had been received from an unconnected IPv4 socket of this host at
  // `source`; the answer comes from the server it was meant for. False: packets of one's own making
  // need CAP_NET_RAW.
  bool Ask(std::vector<uint8_t> query, const base::Endpoint& source, const DnsClient& client);

 private:
  // How long a nameserver may take to answer.
  static constexpr int64_t kForwardTimeoutMs = 5000;

  struct Forwarded {
    base::Fd socket;
    size_t from;  // index in sockets_
    DnsDatagram query;
    int64_t deadline_ms;
  };
  struct Stream;
  struct Handed {
    DnsDatagram query;
    DnsClient client;
  };

  bool Start();  // REQUIRES: mutex_ is held
  void Wake();
  static void RunThread(void* responder);
  void Run();
  void ServeDatagrams(size_t index);
  void Serve(size_t index, DnsDatagram query, const DnsClient& client);
  void Forward(size_t index, DnsDatagram query, const base::Endpoint& server);
  bool FinishForwarded(Forwarded& forwarded, bool readable, int64_t now_ms);
  void Accept(int listener, DnsClients::Kind kind);
  static void RunStream(void* stream);
  void ServeStream(Stream& stream);
  size_t ForwardOnStream(const base::Endpoint& server, std::span<const uint8_t> query,
                         std::span<uint8_t> out);
  bool Exchange(int fd, std::span<uint8_t> data, bool reading, int64_t deadline_ms);
  void ThreadEnded();

  engine::DnsPolicy policy_;
  DnsClients clients_;

  std::mutex mutex_;
  std::condition_variable ended_;
  size_t threads_ = 0;
  bool started_ = false;
  std::atomic<bool> stopping_{false};
  base::Fd wake_;
  base::Fd tcp_v4_;
  base::Fd tcp_v6_;
  uint16_t udp_v4_port_ = 0;
  uint16_t udp_v6_port_ = 0;
  uint16_t tcp_v4_port_ = 0;
  uint16_t tcp_v6_port_ = 0;
  std::vector<DnsSocket> adopted_;  // not yet the thread's
  bool tried_raw_ = false;
  bool has_raw_ = false;
  std::vector<Handed> handed_;

  // The thread's own.
  std::vector<DnsSocket> sockets_;
  std::vector<Forwarded> forwarded_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_DNS_RESPONDER_H_
