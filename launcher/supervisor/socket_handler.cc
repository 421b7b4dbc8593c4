// socket(2), bind(2) and listen(2), which are trapped where descriptors can't be taken from
// programs.
#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "supervisor/handlers.h"

namespace supervisor {
namespace {

uint64_t InodeOf(const Caller& caller, int fd) {
  struct stat status;
  return caller.StatDescriptor(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

}  // namespace

void HandleSocket(Services& services, Call& call, Caller& caller) {
  if (!caller.SharesNetwork()) {
    // A socket of ours would connect outside of the program's network.
    call.Continue();
    return;
  }
  const int type = call.int_argument(1);
  const int made =
      sys::PassingSocket(call.int_argument(0), type | SOCK_CLOEXEC, call.int_argument(2), 0);
  if (made < 0) {
    call.Fail(-made);
    return;
  }
  base::Fd socket(made);
  struct stat status;
  if (sys::Fstat(made, &status) < 0) {
    call.Fail(EACCES);
    return;
  }
  // Kept before the program has it: another of its threads may use the number at once.
  const int hand_over = sys::Fcntl(made, F_DUPFD_CLOEXEC, 0);
  const base::Fd second(hand_over);
  if (hand_over < 0) {
    call.Fail(EMFILE);
    return;
  }
  const bool kept = services.store->Keep(status.st_ino, std::move(socket));
  const int given = call.Give(hand_over, -1, (type & SOCK_CLOEXEC) != 0, true);
  if (given >= 0 && kept) {
    services.store->HandedOver(status.st_ino);
    return;
  }
  services.store->Drop(status.st_ino);
  if (given < 0) {
    AnswerFailure(call, given == -ENOENT ? -ESRCH : given);
  }
}

void HandleBind(Services& services, Call& call, Caller& caller) {
  if (const uint64_t inode = InodeOf(caller, call.int_argument(0)); inode != 0) {
    services.store->Bind(inode);
  }
  call.Continue();
}

void HandleListen(Services& services, Call& call, Caller& caller) {
  // A listener never dials, and a hold on it would go on accepting after the program closed it.
  if (const uint64_t inode = InodeOf(caller, call.int_argument(0)); inode != 0) {
    services.store->Drop(inode);
  }
  call.Continue();
}

}  // namespace supervisor
