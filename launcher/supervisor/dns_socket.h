// DnsSocket: one UDP socket of the responder: a query in, an answer out, from the address that the
// query was sent to. That of kHanded is a raw socket and only says answers.
#ifndef GOCHAIN_SUPERVISOR_DNS_SOCKET_H_
#define GOCHAIN_SUPERVISOR_DNS_SOCKET_H_

#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/endpoint.h"
#include "base/fd.h"
#include "supervisor/dns_clients.h"

namespace supervisor {

struct DnsDatagram {
  std::vector<uint8_t> bytes;
  sockaddr_storage source{};
  socklen_t source_size = 0;
  base::Endpoint client;
  base::IpAddress asked;  // where it was sent to; of kQuiet* and kHanded only
};

class DnsSocket {
 public:
  DnsSocket(base::Fd fd, DnsClients::Kind kind);

  int fd() const { return fd_.get(); }
  DnsClients::Kind kind() const { return kind_; }

  // False where nothing is there.
  bool Receive(DnsDatagram* out) const;
  void Reply(const DnsDatagram& query, std::span<const uint8_t> answer) const;

 private:
  void ReplyRaw(const DnsDatagram& query, std::span<const uint8_t> answer) const;

  base::Fd fd_;
  DnsClients::Kind kind_;
};

// A UDP socket on an unused port of loopback, or a TCP one that listens; invalid: there is no such
// address family here.
base::Fd MakeLoopbackSocket(int domain, int type, uint16_t* port);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_DNS_SOCKET_H_
