// SshMasters: the masters of a relay, one for each way to an ssh host.
//
// Any thread. Who comes first starts a master, who comes meanwhile waits for the same one; one that
// has ended goes, and is started again by whoever needs it next.
#ifndef GOCHAIN_RELAY_SSH_MASTERS_H_
#define GOCHAIN_RELAY_SSH_MASTERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/endpoint.h"
#include "relay/mux_client.h"
#include "relay/patience.h"
#include "relay/ssh_master.h"

namespace relay {

class SshMasters {
 public:
  // The hops to the ssh host, itself the last: indexes of proxies.
  using Way = std::vector<uint16_t>;

  struct Times {
    int64_t start_deadline_ms;  // the master must be up
    int64_t open_ms;            // the channel may take from then on
    int64_t limit_ms;           // in any case
  };
  // What a program gets: the master lives as long as somebody has it.
  struct Connection {
    SshChannel channel;
    std::shared_ptr<SshMaster> master;
    uint32_t open_us = 0;  // how long it took, once the master was up; never 0
  };

  // A connection to `target` by the master of `way`, which is started with `settings` where there
  // is none. False: failed; Cause::kNone: the program has given up.
  bool Open(const Way& way, const std::function<SshSettings()>& settings,
            const base::Endpoint& target, const Patience& patience, const Times& times,
            Connection* out, HopFailure* failed);

  // Ends all of them, for the relay's end: nobody may come any more.
  void StopAll();

 private:
  std::shared_ptr<SshMaster> Get(const Way& way, const std::function<SshSettings()>& settings);
  void Drop(const Way& way, const std::shared_ptr<SshMaster>& master);
  void DropEnded(const Way& way);  // by its own thread

  std::mutex mutex_;
  std::map<Way, std::shared_ptr<SshMaster>> masters_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_MASTERS_H_
