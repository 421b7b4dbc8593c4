// Name services that a program can ask past the filter's eyes, over AF_UNIX sockets.
#ifndef GOCHAIN_SUPERVISOR_NAME_SERVICES_H_
#define GOCHAIN_SUPERVISOR_NAME_SERVICES_H_

#include <sys/socket.h>
#include <sys/un.h>

#include <string_view>

#include "supervisor/caller.h"

namespace supervisor {

// Is `address` the socket of a daemon that would look host names up outside the tree? Told by the
// socket's identity (device, inode), since one socket has many paths. A daemon that also answers
// for users and groups is one only where nsswitch.conf(5) of the tree asks it for hosts.
bool IsNameService(const Caller& caller, const sockaddr_un& address, socklen_t length);

// Does the line "hosts:" of an nsswitch.conf(5) name `service`?
bool HostsAsk(std::string_view nsswitch, std::string_view service);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_NAME_SERVICES_H_
