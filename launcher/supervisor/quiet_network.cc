#include "supervisor/quiet_network.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>

#include "base/fd_message.h"
#include "base/syscalls.h"

namespace supervisor {
namespace {

constexpr size_t kMaxRemembered = 4096;

base::Result<base::Fd> ReceiveReply(int socket) {
  QuietReply reply;
  base::Fd out;
  if (!base::ReceiveMessage(socket, &reply, &out)) {
    return base::Error{EPIPE, "quiet network"};
  }
  if (reply.error != 0) {
    return base::Error{reply.error, "quiet network"};
  }
  return out;
}

}  // namespace

bool QuietNetwork::Start() {
  if (tried_) {
    return error_ == 0;
  }
  tried_ = true;
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    error_ = errno;
    return false;
  }
  helper_.Reset(sockets[0]);
  base::Fd theirs(sockets[1]);
  // By raw clone: fork(3) would run handlers and take locks. No exit signal: a wait for the tree's
  // processes must not see the helper, or it would never end.
  const long child = sys::Call(SYS_clone, 0, 0, 0, 0, 0);
  if (child == 0) {
    RunQuietHelper(theirs.get());
  }
  theirs.Reset();
  if (child < 0) {
    error_ = static_cast<int>(-child);
    return false;
  }
  if (const auto ready = ReceiveReply(helper_.get()); !ready.ok()) {
    error_ = ready.error().code;
    helper_.Reset();
    return false;
  }
  auto v4 = Ask({AF_INET, SOCK_DGRAM, true});
  if (!v4.ok() || !responder_.Adopt(std::move(v4.value()), DnsClients::Kind::kQuietV4)) {
    error_ = v4.ok() ? ECONNREFUSED : v4.error().code;
    helper_.Reset();
    return false;
  }
  if (auto v6 = Ask({AF_INET6, SOCK_DGRAM, true}); v6.ok()) {
    (void)responder_.Adopt(std::move(v6.value()), DnsClients::Kind::kQuietV6);
  }
  return true;
}

base::Result<base::Fd> QuietNetwork::Ask(const QuietRequest& request) {
  if (sys::Send(helper_.get(), &request, sizeof request, MSG_NOSIGNAL) < 0) {
    return base::Error{EPIPE, "quiet network"};
  }
  return ReceiveReply(helper_.get());
}

base::Result<base::Fd> QuietNetwork::MakeSocket(int domain, int type_flags) {
  const std::lock_guard lock(mutex_);
  if (!Start()) {
    return base::Error{error_, "quiet network"};
  }
  auto made = Ask({domain, SOCK_DGRAM | type_flags, false});
  struct stat status;
  if (made.ok() && sys::Fstat(made->get(), &status) == 0) {
    inodes_.insert(status.st_ino);
    order_.push_back(status.st_ino);
    if (order_.size() > kMaxRemembered) {
      inodes_.erase(order_.front());
      order_.pop_front();
    }
  }
  return made;
}

bool QuietNetwork::Owns(uint64_t inode) {
  const std::lock_guard lock(mutex_);
  return inodes_.contains(inode);
}

}  // namespace supervisor
