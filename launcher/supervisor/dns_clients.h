// DnsClients: which sockets of the tree were led to the responder, by their local ports.
//
// It tells the server a program believes it is asking, and it keeps other users of the machine from
// the responder, which is on loopback for all to see. Thread-safe.
#ifndef GOCHAIN_SUPERVISOR_DNS_CLIENTS_H_
#define GOCHAIN_SUPERVISOR_DNS_CLIENTS_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/endpoint.h"
#include "names/resolv_conf.h"

namespace supervisor {

// The port that DNS questions go to, whatever the address.
inline constexpr uint16_t kDnsPort = 53;

struct DnsClient {
  base::Endpoint server;  // the one it asked; without meaning for kQuiet*, whose packets say it
  names::ResolvConf conf;

  bool operator==(const DnsClient&) const = default;
};

class DnsClients {
 public:
  // How a question comes in; port numbers are counted for each of these apart. kHanded: by Ask(),
  // without a socket.
  enum class Kind : uint8_t { kUdpV4, kUdpV6, kTcpV4, kTcpV6, kQuietV4, kQuietV6, kHanded };

  // What a closed socket was stays known until its port is another's, so that there are as many in
  // time as there are ports. They ask the same server by the same file, and share what is known.
  void Put(Kind kind, uint16_t port, const DnsClient& client) {
    const std::lock_guard lock(mutex_);
    if (latest_ == nullptr || *latest_ != client) {
      latest_ = std::make_shared<const DnsClient>(client);
    }
    clients_[Key(kind, port)] = latest_;
  }
  // Null: not one of ours.
  std::shared_ptr<const DnsClient> Find(Kind kind, uint16_t port) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(Key(kind, port));
    return found == clients_.end() ? nullptr : found->second;
  }

 private:
  static uint32_t Key(Kind kind, uint16_t port) { return static_cast<uint32_t>(kind) << 16 | port; }

  std::mutex mutex_;
  std::shared_ptr<const DnsClient> latest_;
  std::unordered_map<uint32_t, std::shared_ptr<const DnsClient>> clients_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_DNS_CLIENTS_H_
