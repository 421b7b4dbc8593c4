#include "process/keeper.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor_room.h"
#include "base/fd_message.h"
#include "base/file.h"
#include "engine/event_log.h"
#include "engine/session.h"
#include "listener/listener.h"
#include "process/command.h"
#include "process/descendants.h"
#include "process/environment.h"
#include "process/flight_trials.h"
#include "process/inherited.h"
#include "supervisor/caller.h"
#include "supervisor/filter.h"
#include "supervisor/supervisor.h"

namespace process {
namespace {

using base::Fd;

// Why there can be no supervisor, from the errno of seccomp(2).
std::string InstallFailure(int error) {
  switch (error) {
    case EBUSY:
      return "a supervisor is at work here already (gochain inside gochain, or a sandbox)";
    case ENOSYS:
    case EINVAL:
      return "there is no seccomp user notification here (Linux 5.9 or newer has it; some "
             "sandboxes "
             "deny it)";
    default:
      return fmt::format("seccomp: {}", std::strerror(error));
  }
}

std::string ReadingFailure(int error) {
  std::string out =
      fmt::format("the memory of programs may not be read here ({})", std::strerror(error));
  std::string scope;
  if (base::ReadFile("/proc/sys/kernel/yama/ptrace_scope", 16, &scope) == 0 && scope[0] >= '2') {
    out += fmt::format(": kernel.yama.ptrace_scope is {}", scope.substr(0, 1));
  }
  return out;
}

// How long the last connections may take before S is left to itself with them.
constexpr int64_t kGraceMs = 100;

class Keeper {
 public:
  Keeper(const Job& job, pid_t front, Fd reports, RelayProcess relay)
      : job_(job), front_(front), reports_(std::move(reports)), relay_(std::move(relay)) {}

  [[noreturn]] void Run(const sigset_t& original_mask) {
    group_ = getpgrp();
    if (group_ > 0) {
      setpgid(0, 0);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    base::MakeRoomForDescriptors(reports_.get());
    front_watch_.Reset(static_cast<int>(syscall(SYS_pidfd_open, front_, 0)));
    std::vector<int> own{reports_.get(), front_watch_.get(), relay_.keeper.get(),
                         job_.tables.get()};
    for (const config::ListImage& list : job_.lists) {
      own.push_back(list.fd.get());
    }
    const std::vector<int> inherited = InheritedDescriptors(own);
    CreateSession();
    if (job_.listens()) {
      Listen();
    }
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
      FailSetup(fmt::format("cannot make a socket pair: {}", std::strerror(errno)));
    }
    Fd mine(sockets[0]);
    Fd theirs(sockets[1]);
    command_ = fork();
    if (command_ < 0) {
      FailSetup(fmt::format("cannot fork: {}", std::strerror(errno)));
    }
    if (command_ == 0) {
      mine.Reset();
      state_.Reset();
      socket_.Reset();
      relay_.keeper.Reset();
      const std::string state = fmt::format("/proc/{}/fd/{}", getppid(), state_number_);
      BecomeCommand(
          job_, std::move(theirs), group_, original_mask,
          job_.listens() ? ListenedEnvironment(job_, port_) : CommandEnvironment(job_, state));
    }
    LetGo(inherited);
    const int child_end = theirs.get();
    if (job_.supervises()) {
      TakeOver(mine.get(), child_end, &theirs);
    }
    if (job_.listens()) {
      StartListener();
    }
    theirs.Reset();
    Handover failed;
    Fd none;
    if (base::ReceiveMessage(mine.get(), &failed, &none)) {
      if (failed.kind == Handover::Kind::kExecFailed) {
        Tell({.kind = Report::Kind::kExecFailed, .value = failed.error});
        _exit(0);
      }
      Fail(Report::Kind::kUnsupervised, InstallFailure(failed.error));
    }
    Tell({.kind = Report::Kind::kStarted, .value = command_});
    trials_->Start();
    Reap();
  }

 private:
  void CreateSession() {
    engine::Settings settings = job_.settings;
    settings.supervised = job_.supervises();
    settings.rules_variables = HashRulesVariables();
    auto created = engine::Session::Create(settings, job_.config_image, job_.lists, job_.lender());
    if (!created.ok()) {
      FailSetup(fmt::format("cannot share the state of this run: {}: {}", created.error().what,
                            std::strerror(created.error().code)));
    }
    session_ = std::make_unique<engine::Session>(created->session);
    chain::FlightFile(job_.cache_folder)
        .Load(session_->config(), time(nullptr), session_->flights());
    trials_ = std::make_unique<FlightTrials>(*session_, job_.cache_folder);
    state_ = std::move(created->fd);
    state_number_ = state_.get();
    if (relay_.pid > 0 && !relay_.Share(*session_, state_.get())) {
      FailSetup("the relay ended before COMMAND was started");
    }
  }

  // Before the fork, for COMMAND's environment to say where.
  void Listen() {
    auto socket = listener::Listen({base::IpAddress::V4(INADDR_LOOPBACK), 0});
    if (!socket.ok()) {
      FailSetup(fmt::format("cannot listen on 127.0.0.1: {}", std::strerror(socket.error().code)));
    }
    socket_ = std::move(socket.value());
    port_ = listener::AddressOf(socket_.get()).port();
  }

  // After it: a fork with threads would be one without.
  void StartListener() {
    listener_ = std::make_unique<listener::Listener>(
        *session_, std::move(socket_), listener::Listener::Options{.own_user_only = true});
    if (!listener_->Start()) {
      FailSetup("cannot start a thread");
    }
  }

  // Settles with C how its sockets are reached, takes its listener and starts to answer.
  void TakeOver(int socket, int child_end, Fd* theirs) {
    const Fd child(static_cast<int>(syscall(SYS_pidfd_open, command_, 0)));
    if (const int error = supervisor::TryReading(command_); error != 0 && error != ESRCH) {
      Fail(Report::Kind::kUnsupervised, ReadingFailure(error));
    }
    const Go go{
        .trap_sockets = !supervisor::CanTakeDescriptors(child.get(), child_end),
        .block_connectx = session_->config().globals().udp == config::Udp::kBlock,
    };
    if (go.trap_sockets) {
      session_->SetSocketsTrapped();
    }
    theirs->Reset();
    Handover message;
    Fd listener;
    if (send(socket, &go, sizeof go, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof go) ||
        !base::ReceiveMessage(socket, &message, &listener)) {
      FailSetup("COMMAND's process ended before it was started");
    }
    if (message.kind != Handover::Kind::kListener) {
      Fail(Report::Kind::kUnsupervised, InstallFailure(message.error));
    }
    supervisor_ = std::make_unique<supervisor::Supervisor>(
        *session_, std::move(listener),
        supervisor::Supervisor::Options{.trap_sockets = go.trap_sockets});
    supervisor_->Start();
  }

  // Collects the tree's processes until there are none. S is their subreaper, so none can leave.
  [[noreturn]] void Reap() {
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    const Fd children(signalfd(-1, &child_signal, SFD_CLOEXEC));
    bool front_alive = front_watch_.valid();
    for (;;) {
      CollectChildren();
      pollfd fds[] = {{children.get(), POLLIN, 0},
                      {front_alive ? front_watch_.get() : -1, POLLIN, 0}};
      if (poll(fds, 2, -1) < 0) {
        continue;
      }
      if (fds[0].revents != 0) {
        signalfd_siginfo info;
        if (read(children.get(), &info, sizeof info) < 0) {
          continue;
        }
      }
      if (fds[1].revents != 0) {
        front_alive = false;
        if (command_ > 0) {
          // A was killed, as by `timeout -s KILL`: COMMAND must not run on without it.
          KillDescendantsInGroup(getpid(), getpgid(command_));
        }
      }
    }
  }

  void CollectChildren() {
    for (;;) {
      int status;
      const pid_t child = waitpid(-1, &status, WNOHANG | WUNTRACED);
      if (child == 0 || child < 0) {
        if (child < 0) {
          End();
        }
        TellEnd(false);
        return;
      }
      if (child != command_) {
        continue;
      }
      if (WIFSTOPPED(status)) {
        Tell({.kind = Report::Kind::kStopped, .value = WSTOPSIG(status)});
        continue;
      }
      command_ = -1;
      ended_ = status;
    }
  }

  // Ends S with its last connection: what a program has sent before it ended is delivered, as by a
  // socket of its own. Nobody waits long for that.
  [[noreturn]] void End() {
    if (listener_ != nullptr) {
      listener_->StopTaking();
    }
    const bool is_done = AwaitConnections(kGraceMs);
    // Nobody shall wait for what a trial finds out.
    TellEnd(is_done && !trials_->IsAtWork());
    if (!is_done) {
      AwaitConnections(-1);
    }
    trials_->Finish();
    _exit(0);
  }

  bool AwaitConnections(int64_t timeout_ms) {
    return (supervisor_ == nullptr || supervisor_->AwaitConnections(timeout_ms)) &&
           (listener_ == nullptr || listener_->AwaitEnd(timeout_ms));
  }

  // Says that COMMAND has ended, once; `last` where no other process of the tree is left.
  void TellEnd(bool last) {
    if (!ended_) {
      return;
    }
    Tell({.kind = Report::Kind::kEnded, .value = *ended_, .last = last});
    ended_.reset();
    reports_.Reset();
    relay_.TellCommandEnded();
    // What stays in the background must not hold the caller's standard error open.
    PointAtNull(2);
  }

  void Tell(const Report& report) {
    if (write(reports_.get(), &report, sizeof report) < 0) {
      // A is gone; its pidfd says so too.
    }
  }

  [[noreturn]] void FailSetup(const std::string& why) { Fail(Report::Kind::kSetupFailed, why); }

  [[noreturn]] void Fail(Report::Kind kind, const std::string& why) {
    Report report{.kind = kind};
    const size_t size = std::min(why.size(), sizeof report.text - 1);
    std::memcpy(report.text, why.data(), size);
    Tell(report);
    if (command_ > 0) {
      kill(command_, SIGKILL);
    }
    _exit(0);
  }

  const Job& job_;
  pid_t front_;
  pid_t group_ = 0;
  pid_t command_ = -1;
  std::optional<int> ended_;  // COMMAND's wait status, until it is told
  Fd reports_;
  RelayProcess relay_;
  Fd front_watch_;
  Fd state_;
  int state_number_ = -1;
  std::unique_ptr<engine::Session> session_;
  std::unique_ptr<FlightTrials> trials_;
  std::unique_ptr<supervisor::Supervisor> supervisor_;
  Fd socket_;  // of the listener, before it has started
  uint16_t port_ = 0;
  std::unique_ptr<listener::Listener> listener_;
};

}  // namespace

void RunKeeper(const Job& job, pid_t front, base::Fd reports, RelayProcess relay,
               const sigset_t& original_mask) {
  Keeper(job, front, std::move(reports), std::move(relay)).Run(original_mask);
}

}  // namespace process
