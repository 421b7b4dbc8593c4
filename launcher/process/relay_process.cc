#include "process/relay_process.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd_message.h"
#include "process/inherited.h"
#include "relay/listeners.h"
#include "relay/server.h"

namespace process {
namespace {

using base::Fd;

// What S tells R.
enum class Notice : uint8_t { kSession, kCommandEnded };

// S, as R knows it: the other end of their socket.
class Keeper final : public relay::Owner {
 public:
  explicit Keeper(Fd socket) : socket_(std::move(socket)) {}

  int fd() const override { return socket_.get(); }
  bool Hear() override {
    Notice notice;
    Fd none;
    if (!base::ReceiveMessage(socket_.get(), &notice, &none)) {
      return false;
    }
    if (notice == Notice::kCommandEnded) {
      PointAtNull(2);
    }
    return true;
  }

 private:
  Fd socket_;
};

// Each connection is some descriptors, and the usual soft limit is for programs that use select(2).
void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

[[noreturn]] void RunRelay(relay::Listeners listeners, const protocol::RelayAccess& access,
                           Fd socket) {
  if (getpgrp() > 0) {
    setpgid(0, 0);
  }
  LetGo(InheritedDescriptors({listeners.v4.get(), listeners.v6.get(), socket.get()}));
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  RaiseDescriptorLimit();
  Notice notice;
  Fd state;
  if (!base::ReceiveMessage(socket.get(), &notice, &state)) {
    _exit(0);
  }
  auto session = engine::Session::OpenWithoutLists(state.get());
  state.Reset();
  if (session.ok()) {
    Keeper keeper(std::move(socket));
    relay::Server(session.value(), std::move(listeners), access).Run(keeper);
  }
  // Not exit(3): threads of the last connections may still be at work.
  _exit(0);
}

}  // namespace

bool RelayProcess::Share(engine::Session& session, int state) {
  session.relay().Claim(0, base::NowMs());
  session.relay().Publish(access);
  return base::SendMessage(keeper.get(), Notice::kSession, state);
}

void RelayProcess::TellCommandEnded() {
  if (keeper.valid()) {
    base::SendMessage(keeper.get(), Notice::kCommandEnded, -1);
  }
}

base::Result<RelayProcess> StartRelay() {
  RelayProcess out;
  auto listeners = relay::Listen(&out.access);
  if (!listeners.ok()) {
    return listeners.error();
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    return base::Error{errno, "socketpair"};
  }
  out.keeper.Reset(sockets[0]);
  Fd own(sockets[1]);
  out.pid = fork();
  if (out.pid < 0) {
    return base::Error{errno, "fork"};
  }
  if (out.pid == 0) {
    out.keeper.Reset();
    RunRelay(std::move(listeners.value()), out.access, std::move(own));
  }
  return out;
}

}  // namespace process
