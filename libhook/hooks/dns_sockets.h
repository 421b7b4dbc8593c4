// DNS sockets: UDP sockets of the program that ask a nameserver, and where their answers seem to
// come from. c-ares and others drop what isn't from the server that they asked, and the answer is
// the supervisor's, or the library's own (dns_questions.h), from loopback.
//
// A number is marked when its socket first asks; it stays so until a send finds another socket
// there. Async-signal-safe, any thread. While a process has asked no server, IsDnsSocket() is a
// load.
#ifndef GOCHAIN_HOOKS_DNS_SOCKETS_H_
#define GOCHAIN_HOOKS_DNS_SOCKETS_H_

#include <sys/socket.h>

#include <atomic>
#include <ctime>
#include <optional>

#include "base/endpoint.h"

namespace hooks {

inline constexpr uint16_t kDnsPort = 53;

extern std::atomic<bool> g_has_dns_sockets;
bool HasDnsMark(int fd);

inline bool IsDnsSocket(int fd) {
  return __builtin_expect(g_has_dns_sockets.load(std::memory_order_relaxed), 0) && HasDnsMark(fd);
}
void MarkDnsSocket(int fd);
void UnmarkDnsSocket(int fd);

// An address of loopback for answers of `server`, by which OfAnswerAddress() knows it again, also
// in a child. Empty where more servers have been asked than there are such addresses.
std::optional<base::IpAddress> AnswerAddressOf(const base::IpAddress& server);
std::optional<base::IpAddress> OfAnswerAddress(const base::IpAddress& address);

// What `fd` is connected to for the kernel; empty: it isn't.
std::optional<base::Endpoint> KernelPeer(int fd);

// The real calls, with the server that was asked for the source. What a server has said to a
// program that no supervisor stands behind is noted.
ssize_t ReceiveAnswer(int fd, void* data, size_t size, int flags, sockaddr* address,
                      socklen_t* length);
ssize_t ReceiveAnswer(int fd, msghdr* message, int flags);
int ReceiveAnswers(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_DNS_SOCKETS_H_
