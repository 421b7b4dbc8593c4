// DNS questions of a program that no supervisor stands behind: those to port 53, by UDP, are
// answered in the call that sends them. What the program then finds in its socket is sent there by
// one of the library's own, which lives no longer than the call. Questions for names that are
// direct on every port go on to the server. Async-signal-safe where connect is.
#ifndef GOCHAIN_HOOKS_DNS_QUESTIONS_H_
#define GOCHAIN_HOOKS_DNS_QUESTIONS_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <optional>
#include <span>

#include "hooks/destination.h"
#include "hooks/errno_keeper.h"

namespace hooks {

// Is a datagram to there a DNS question?
bool IsQuestion(int fd, const Destination& destination);

// connect(2) of `fd` to the nameserver `address`: 0 or -errno. For the kernel it leads to an
// address of loopback that stands for the server until a question is to go there: what is sent past
// the hooks (libuv has a system call of its own for it) is refused by the kernel then. REQUIRES:
// AnswersDns(), IsQuestion()
int ConnectToServer(int fd, const Destination& destination, const sockaddr* address,
                    socklen_t length);

// Sends `pieces` on marked socket `fd`, or to `address` where that isn't null: how much went out,
// or -errno. Empty where the real call has to be made.
std::optional<ssize_t> AnswerQuestion(int fd, std::span<const iovec> pieces,
                                      const sockaddr* address, socklen_t length);

// Where DNS is asked by TCP, at `server`, and the way there is straight: may the program go it?
// Nobody would see which names it asks for then.
bool MayAskByTcp(const base::Endpoint& server);

// The call `real`, which sends `data` on `fd`, or the answer to what it asks.
template <typename Real>
ssize_t SendOrAnswer(int fd, std::span<const iovec> pieces, const Real& real) {
  const ErrnoKeeper keeper;
  const auto sent = AnswerQuestion(fd, pieces, nullptr, 0);
  return sent ? keeper.Return(*sent) : real();
}

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_DNS_QUESTIONS_H_
