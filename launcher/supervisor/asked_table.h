// AskedTable: what programs asked for whose connections are carried, by the ports that they come
// from.
//
// The peer table of the session is for all processes and all doors, and of fixed size. These
// connections may be ten thousand at a time, and only this process has to know. A port's next
// connection takes the entry over, so nothing has to be removed. Only what is touched costs memory.
// Thread-safe.
#ifndef GOCHAIN_SUPERVISOR_ASKED_TABLE_H_
#define GOCHAIN_SUPERVISOR_ASKED_TABLE_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>

#include "base/endpoint.h"

namespace supervisor {

class AskedTable {
 public:
  // A connection from `port` was asked to go to `asked`, an address.
  void Put(uint16_t port, const base::Endpoint& asked);
  std::optional<base::Endpoint> Find(uint16_t port);

 private:
  struct Entry {
    base::IpAddress address;
    uint16_t port;  // 0: there is none
  };
  struct Free {
    void operator()(Entry* entries) const { std::free(entries); }
  };

  std::mutex mutex_;
  std::unique_ptr<Entry[], Free> entries_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_ASKED_TABLE_H_
