#include "process/relay_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/descriptor_room.h"
#include "base/fd_message.h"
#include "engine/relay_start.h"
#include "process/inherited.h"
#include "process/job.h"
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

// What R is after fork or exec: no job's, with every signal let through, and room for connections.
void SettleDown(const std::vector<int>& inherited) {
  LetGo(inherited);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  RaiseDescriptorLimit();
  base::MakeRoomForDescriptors(STDIN_FILENO);
}

[[noreturn]] void RunRelay(relay::Listeners listeners, const protocol::RelayAccess& access,
                           Fd socket, int tables) {
  if (getpgrp() > 0) {
    setpgid(0, 0);
  }
  SettleDown(InheritedDescriptors({listeners.v4.get(), listeners.v6.get(), socket.get(), tables}));
  Notice notice;
  Fd state;
  if (!base::ReceiveMessage(socket.get(), &notice, &state)) {
    _exit(0);
  }
  auto session = engine::Session::OpenWithoutLists(state.get());
  state.Reset();
  if (session.ok() && (tables < 0 || session->Borrow({.fd = tables}).ok())) {
    sys::Close(tables);
    Keeper keeper(std::move(socket));
    relay::Server(session.value(), std::move(listeners), access).Run(keeper);
  }
  // Not exit(3): threads of the last connections may still be at work.
  _exit(0);
}

// A process whose library has asked for the relay. Where the kernel has no pidfd it is looked for
// now and then.
class Asker final : public relay::Owner {
 public:
  explicit Asker(pid_t pid) : pid_(pid), watch_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {
    if (!watch_.valid() && errno != ESRCH) {
      const itimerspec every{{kLookSeconds, 0}, {kLookSeconds, 0}};
      watch_.Reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
      timerfd_settime(watch_.get(), 0, &every, nullptr);
      is_timer_ = true;
    }
  }

  bool is_there() const { return watch_.valid(); }
  int fd() const override { return watch_.get(); }
  bool Hear() override {
    uint64_t times;
    return is_timer_ && sys::Read(watch_.get(), &times, sizeof times) != 0 &&
           (kill(pid_, 0) == 0 || errno != ESRCH);
  }

 private:
  static constexpr time_t kLookSeconds = 2;

  pid_t pid_;
  bool is_timer_ = false;
  Fd watch_;
};

// What the library has put on `fd`. Empty where it isn't this version's.
std::optional<engine::Session> ReadStart(int fd) {
  struct stat status;
  engine::RelayStart start;
  if (sys::Fstat(fd, &status) != 0 ||
      sys::Pread(fd, &start, sizeof start, 0) != static_cast<long>(sizeof start) ||
      start.magic != engine::kRelayStartMagic ||
      static_cast<uint64_t>(status.st_size) != sizeof start + start.image_size) {
    return std::nullopt;
  }
  std::vector<uint8_t> image(start.image_size);
  for (size_t size = 0; size < image.size();) {
    const long got = sys::Pread(fd, image.data() + size, image.size() - size,
                                static_cast<int64_t>(sizeof start + size));
    if (got <= 0) {
      return std::nullopt;
    }
    size += static_cast<size_t>(got);
  }
  auto created = engine::Session::CreateWithoutLists(start.settings, image);
  return created.ok() ? std::optional(created->session) : std::nullopt;
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

base::Result<RelayProcess> StartRelay(int tables) {
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
    RunRelay(std::move(listeners.value()), out.access, std::move(own), tables);
  }
  return out;
}

int RunLibraryRelay(pid_t owner) {
  Fd input(fcntl(0, F_DUPFD_CLOEXEC, 3));
  Fd output(fcntl(1, F_DUPFD_CLOEXEC, 3));
  for (int number = 1; number < NSIG; ++number) {
    signal(number, SIG_DFL);  // exec leaves those ignored that the program ignored
  }
  SettleDown({});
  Asker asker(owner);
  auto session = ReadStart(input.get());
  engine::RelayStarted answer;
  auto listeners = relay::Listen(&answer.access);
  answer.error = !session ? EINVAL : listeners.ok() ? 0 : listeners.error().code;
  if (write(output.get(), &answer, sizeof answer) != static_cast<ssize_t>(sizeof answer) ||
      answer.error != 0 || !asker.is_there()) {
    return kOwnFailure;
  }
  input.Reset();
  output.Reset();
  relay::Server(*session, std::move(listeners.value()), answer.access).Run(asker);
  _exit(0);
}

}  // namespace process
