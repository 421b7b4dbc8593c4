// Copies what a program has set on a socket to another one, for when a socket has to be replaced.
// Async-signal-safe; both doors.
#ifndef GOCHAIN_ENGINE_SOCKET_COPY_H_
#define GOCHAIN_ENGINE_SOCKET_COPY_H_

namespace engine {

// Socket options and the open file's status flags (O_NONBLOCK, O_ASYNC and its owner), from one
// stream socket to a fresh one, also between AF_INET and AF_INET6. What the kernel refuses is left
// at its default. Not copied: a bound address, filters (SO_ATTACH_*), TCP_ULP, TCP_MD5SIG.
void CopySocketOptions(int from, int to);

// True for an AF_INET6 socket that CopySocketOptions made the stand-in of an AF_INET one: its
// program expects IPv4 socket addresses of it. The mark is in the socket, so it goes where that
// goes.
bool StandsForIpv4(int fd);

}  // namespace engine

#endif  // GOCHAIN_ENGINE_SOCKET_COPY_H_
