#include "process/front.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "config/config.h"
#include "process/complain.h"
#include "process/keeper.h"
#include "process/relay_process.h"

namespace process {
namespace {

using base::Fd;

// Ends this process by `signal`, as COMMAND ended; COMMAND has left the core already, if any.
int EndBy(int signal) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  ::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  raise(signal);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  return 128 + signal;
}

int EndAs(int wait_status) {
  return WIFSIGNALED(wait_status) ? EndBy(WTERMSIG(wait_status)) : WEXITSTATUS(wait_status);
}

// Stops this process the way COMMAND was stopped, so that the shell sees the job stop.
void StopAs(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  if (signal == SIGSTOP) {
    raise(SIGSTOP);
    return;
  }
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  struct sigaction old;
  sigaction(signal, &standard, &old);
  raise(signal);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  sigaction(signal, &old, nullptr);
}

constexpr int64_t kRelayGraceMs = 100;

class Front {
 public:
  Front(const Job& job, Fd reports, Fd signals, pid_t keeper, pid_t relay)
      : job_(job),
        reports_(std::move(reports)),
        signals_(std::move(signals)),
        keeper_(keeper),
        relay_(relay) {}

  // `missing` as RunJob() has it.
  int Run(std::string* missing) {
    while (!result_) {
      // A signal that comes before S's first report waits until there is someone to pass it on to.
      const int signals = command_ > 0 ? signals_.get() : -1;
      pollfd fds[] = {{signals, POLLIN, 0}, {reports_.get(), POLLIN, 0}};
      if (poll(fds, 2, -1) < 0) {
        continue;
      }
      if (fds[1].revents != 0) {
        ReadReport();
      }
      if (!result_ && fds[0].revents != 0) {
        ReadSignal();
      }
    }
    *missing = missing_;
    return *result_;
  }

 private:
  void ReadReport() {
    Report report;
    const ssize_t size = read(reports_.get(), &report, sizeof report);
    if (size < 0) {
      return;
    }
    if (size != static_cast<ssize_t>(sizeof report)) {
      KeeperIsGone();
      return;
    }
    switch (report.kind) {
      case Report::Kind::kStarted:
        command_ = report.value;
        break;
      case Report::Kind::kExecFailed:
        CollectChildren();
        result_ = report.value == ENOENT ? kNotFound : kNotExecutable;
        Complain(
            fmt::format("{}: {}", job_.command[0],
                        report.value == ENOENT && job_.command[0].find('/') == std::string::npos
                            ? "command not found"
                            : std::strerror(report.value)));
        break;
      case Report::Kind::kSetupFailed:
        CollectChildren();
        result_ = Complain(report.text);
        break;
      case Report::Kind::kUnsupervised:
        CollectChildren();
        missing_ = report.text;
        result_ = kOwnFailure;
        break;
      case Report::Kind::kStopped:
        StopAs(report.value);
        break;
      case Report::Kind::kEnded:
        if (report.last) {
          CollectChildren();
        }
        result_ = EndAs(report.value);
        break;
    }
  }

  // S, which is about to end, and a COMMAND that was never started. Else they would stay zombies
  // wherever process 1 doesn't collect strangers' children. R ends when S has, unless the last
  // bytes of a connection are still on their way: those nobody waits for.
  void CollectChildren() {
    const int64_t until_ms = base::NowMs() + kRelayGraceMs;
    for (;;) {
      const pid_t child = waitpid(-1, nullptr, relay_ > 0 ? WNOHANG : 0);
      if (child < 0 || (child == 0 && base::NowMs() >= until_ms)) {
        return;
      }
      if (child == 0) {
        // SIGCHLD wakes it.
        pollfd signal{signals_.get(), POLLIN, 0};
        signalfd_siginfo info;
        const int64_t left_ms = std::max<int64_t>(until_ms - base::NowMs(), 0);
        if (poll(&signal, 1, static_cast<int>(left_ms)) > 0 &&
            read(signals_.get(), &info, sizeof info) < 0) {
          continue;
        }
      } else if (child == relay_) {
        relay_ = -1;
      }
    }
  }

  // S ended before COMMAND: COMMAND is this process's child now (it is a subreaper too), and its
  // calls fail. What is left is to pass signals on and to end as it ends.
  void KeeperIsGone() {
    reports_.Reset();
    if (command_ <= 0) {
      result_ = Complain("the supervisor ended before COMMAND was started");
      return;
    }
    Complain("the supervisor is gone: new connections will fail");
    // Its descriptors were closed before its children became others': wait, or COMMAND isn't ours.
    while (waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
    }
    keeper_ = -1;
    CollectCommand();
  }

  void CollectCommand() {
    int status = 0;
    const pid_t ended = waitpid(command_, &status, WNOHANG);
    if (ended == command_) {
      result_ = EndAs(status);
    } else if (ended < 0) {
      result_ = Complain("nobody knows how COMMAND ended");
    }
  }

  void ReadSignal() {
    signalfd_siginfo info;
    if (read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info) ||
        command_ <= 0) {
      return;
    }
    if (info.ssi_signo == SIGCHLD) {
      if (keeper_ < 0) {
        CollectCommand();
      }
      return;
    }
    // A terminal's signal (SI_KERNEL) went to COMMAND too, as one of the group. COMMAND's own to
    // its group has reached it already.
    const bool from_terminal = info.ssi_code == SI_KERNEL;
    const bool from_command = info.ssi_pid == static_cast<uint32_t>(command_);
    if (!from_terminal && !from_command) {
      kill(command_, static_cast<int>(info.ssi_signo));
    }
  }

  const Job& job_;
  Fd reports_;
  Fd signals_;
  pid_t keeper_;  // S; -1: it is gone
  pid_t relay_;   // R, a child as S is; -1: none
  pid_t command_ = -1;
  std::optional<int> result_;
  std::string missing_;
};

}  // namespace

int RunJob(const Job& job, std::string* missing) {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    return Complain(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  Fd reports(pipe_ends[0]);
  Fd reports_out(pipe_ends[1]);
  prctl(PR_SET_CHILD_SUBREAPER, 1);

  sigset_t all;
  sigset_t original_mask;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &original_mask);
  RelayProcess relay;
  if (config::ImageNeedsRelay(job.config_image) && !job.lends_relay) {
    auto started = StartRelay(job.tables.get());
    if (!started.ok()) {
      return Complain(fmt::format("cannot start the relay that this run's proxies need: {}: {}",
                                  started.error().what, std::strerror(started.error().code)));
    }
    relay = std::move(started.value());
  }
  const pid_t front = getpid();
  const pid_t keeper = fork();
  if (keeper < 0) {
    return Complain(fmt::format("cannot fork: {}", std::strerror(errno)));
  }
  if (keeper == 0) {
    reports.Reset();
    RunKeeper(job, front, std::move(reports_out), std::move(relay), original_mask);
  }
  reports_out.Reset();
  relay.keeper.Reset();
  Fd signals(signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  const int result =
      Front(job, std::move(reports), std::move(signals), keeper, relay.pid).Run(missing);
  if (!missing->empty()) {
    sigprocmask(SIG_SETMASK, &original_mask, nullptr);
  }
  return result;
}

}  // namespace process
