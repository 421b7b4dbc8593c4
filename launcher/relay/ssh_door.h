// SshDoor: where a master's ProxyCommand asks the relay for the connection to its host.
//
// ssh knows by its own config what the host is called and which port it has, so it is ssh that says
// them; the relay dials through the hops before and hands the socket back, which ssh takes from its
// ProxyCommand (ProxyUseFdpass).
#ifndef GOCHAIN_RELAY_SSH_DOOR_H_
#define GOCHAIN_RELAY_SSH_DOOR_H_

#include <optional>
#include <string>

#include "base/endpoint.h"
#include "base/fd.h"

namespace relay {

class SshDoor {
 public:
  // 0 or an errno. The folder around `path` keeps others out.
  int Open(const std::string& path);
  int fd() const { return listener_.get(); }  // readable: somebody knocks

  struct Caller {
    base::Fd socket;
    base::Endpoint wanted;
  };
  // None where nobody is there, or it asks for nothing that can be dialled.
  std::optional<Caller> Take() const;
  // `connection` < 0: there is none.
  static void Answer(const Caller& caller, int connection);

 private:
  base::Fd listener_;
};

// The process that ssh runs as its ProxyCommand: asks at the door `path`, and passes the socket on
// through its standard output. Its exit status.
int RunDoorCommand(const std::string& path, const std::string& host, const std::string& port);

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_DOOR_H_
