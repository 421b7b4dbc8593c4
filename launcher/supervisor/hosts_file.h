// What hosts(5) says, for programs that read it themselves: a static one asks nobody who could
// remember which name an address was the answer to.
#ifndef GOCHAIN_SUPERVISOR_HOSTS_FILE_H_
#define GOCHAIN_SUPERVISOR_HOSTS_FILE_H_

#include <string_view>

#include "engine/session.h"

namespace supervisor {

// Remembers the addresses of `text` for their names, as if programs had been told. Where an address
// has several, one that may go other than straight out stands for all.
void RememberHostsFile(engine::Session& session, std::string_view text);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_HOSTS_FILE_H_
