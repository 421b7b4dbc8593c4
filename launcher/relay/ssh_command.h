// How the system's ssh is started as a master: arguments and environment.
#ifndef GOCHAIN_RELAY_SSH_COMMAND_H_
#define GOCHAIN_RELAY_SSH_COMMAND_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

struct SshTarget {
  std::string host;         // may be an alias of ssh's own config
  std::string user;         // empty: as ssh's config says, or the user's own name
  uint16_t port = 0;        // 0: as ssh's config says, or 22
  std::string config_file;  // ssh's -F; empty: ssh's own files
};

// argv of a master that listens at `socket_path`. `proxy_command`: what reaches the host, empty
// where ssh itself does. A master asks nothing, runs nothing, and forwards nothing but what it is
// asked for over its socket, whatever the config says.
std::vector<std::string> MasterArguments(const SshTarget& target, const std::string& socket_path,
                                         const std::string& proxy_command);

// A ProxyCommand that runs `program` with `option`, `door`, and the host and port that ssh made of
// its target.
std::string ProxyCommand(std::string_view program, std::string_view option, std::string_view door);

// `environment` ("NAME=VALUE") without what gochain has put there: ssh goes straight out.
std::vector<std::string> SshEnvironment(const char* const* environment);

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_COMMAND_H_
