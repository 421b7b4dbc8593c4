#include "process/broker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/fd_message.h"
#include "config/config.h"
#include "engine/broker.h"
#include "process/inherited.h"
#include "process/job.h"

namespace process {
namespace {

using base::Fd;

// What it waits for the next process after the last.
constexpr int kLingerMs = 10 * 1000;

// The kernel seals a file against writing only where nobody has it mapped for that: the one way to
// learn of every process that has, forked ones too. Once it is sealed nobody can share it any more.
bool IsInUse(const Fd& region) {
  return fcntl(region.get(), F_ADD_SEALS, F_SEAL_WRITE) != 0 && errno == EBUSY;
}

class Broker {
 public:
  Broker(Fd region, Fd listener) : region_(std::move(region)), listener_(std::move(listener)) {}

  void Watch(pid_t pid) {
    const long watch = syscall(SYS_pidfd_open, pid, 0);
    // One that can't be watched is among those of IsInUse().
    if (watch >= 0) {
      users_.emplace_back(static_cast<int>(watch));
    }
  }

  void Serve() {
    // Once more: who asks for the other end's process is told of the last one that did.
    listen(listener_.get(), engine::kBrokerQueue);
    for (;;) {
      std::vector<pollfd> watched{{listener_.get(), POLLIN, 0}};
      for (const Fd& user : users_) {
        watched.push_back({user.get(), POLLIN, 0});
      }
      const int ready = poll(watched.data(), watched.size(), users_.empty() ? kLingerMs : -1);
      if (ready == 0 && !IsInUse(region_)) {
        return;
      }
      if (ready <= 0) {
        continue;
      }
      for (size_t i = users_.size(); i > 0; --i) {
        if (watched[i].revents != 0) {
          users_.erase(users_.begin() + static_cast<ptrdiff_t>(i) - 1);
        }
      }
      if (watched[0].revents != 0) {
        Answer();
      }
    }
  }

 private:
  void Answer() {
    const Fd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ucred peer{};
    socklen_t length = sizeof peer;
    if (client.valid() && getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
        peer.uid == geteuid() &&
        base::SendMessage(client.get(), engine::kBrokerMagic, region_.get())) {
      Watch(peer.pid);
    }
  }

  Fd region_;
  Fd listener_;
  std::vector<Fd> users_;  // pidfds of those that have come for the region, and live
};

// Nobody's process, as it ends of itself or with the machine.
void SettleDown() {
  LetGo({});
  PointAtNull(2);
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) {
    signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In a grandchild: what a library does before it executes the launcher (hooks/outsider.h).
[[noreturn]] void Become(int region, int listener, pid_t starter) {
  setsid();
  dup2(region, 0);
  dup2(listener, 1);
  PointAtNull(2);
  if (close_range(3, ~0u, 0) == 0) {
    execl("/proc/self/exe", "gochain", "--library-broker", fmt::format("{}", starter).c_str(),
          nullptr);
  }
  _exit(kOwnFailure);
}

void Start(int region, int listener) {
  const pid_t starter = getpid();
  const pid_t between = fork();
  if (between == 0) {
    if (fork() == 0) {
      Become(region, listener, starter);
    }
    _exit(0);
  }
  if (between > 0) {
    waitpid(between, nullptr, 0);
  }
}

}  // namespace

int RunLibraryBroker(pid_t starter) {
  Fd region(fcntl(0, F_DUPFD_CLOEXEC, 3));
  Fd listener(fcntl(1, F_DUPFD_CLOEXEC, 3));
  if (!region.valid() || !listener.valid()) {
    return kOwnFailure;
  }
  SettleDown();
  Broker broker(std::move(region), std::move(listener));
  broker.Watch(starter);
  broker.Serve();
  return 0;
}

Fd FindOrStartBroker(std::span<const uint8_t> config_image) {
  const auto config = config::Config::FromImage(config_image);
  if (!config.ok() || !config->HasProxies()) {
    return Fd();
  }
  engine::BrokerSearch search(config.value(), config_image);
  const auto outcome = search.Run();
  if (outcome == engine::BrokerSearch::Outcome::kStart) {
    Start(search.region().get(), search.listener().get());
  }
  return std::move(search.region());
}

}  // namespace process
