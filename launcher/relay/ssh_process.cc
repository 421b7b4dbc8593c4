#include "relay/ssh_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/clock.h"

namespace relay {
namespace {

using base::Fd;

// ssh ends its connection in an orderly way when it is asked to.
constexpr int kPatienceMs = 1000;

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (const std::string& word : words) {
    out.push_back(const_cast<char*>(word.c_str()));
  }
  out.push_back(nullptr);
  return out;
}

// The child's way to exec. Other threads of the parent may have held any lock at the fork: system
// calls alone, and no malloc.
[[noreturn]] void Become(const char* program, char* const* arguments, char* const* environment,
                         int log, int null, int trouble, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) {
    _exit(1);  // it ended before the kernel knew of our wish
  }
  setsid();
  for (int signal = 1; signal < NSIG; ++signal) {
    ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(null, 0);
  dup2(null, 1);
  dup2(log, 2);
  syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
  execvpe(program, arguments, environment);
  const int error = errno;
  if (write(trouble, &error, sizeof error) < 0) {
    _exit(126);
  }
  _exit(127);
}

}  // namespace

int SshProcess::Start(const std::string& program, const std::vector<std::string>& arguments,
                      const std::vector<std::string>& environment, Fd log) {
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  int ends[2];
  if (!null || pipe2(ends, O_CLOEXEC) != 0) {
    return errno;
  }
  const Fd trouble(ends[0]);
  Fd child_end(ends[1]);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  const pid_t self = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    return errno;
  }
  if (pid_ == 0) {
    Become(program.c_str(), argv.data(), envp.data(), log.get(), null.get(), child_end.get(), self);
  }
  watch_.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  child_end.Reset();
  int error = 0;
  ssize_t got;
  do {
    got = read(trouble.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof error) ? error : 0;
}

bool SshProcess::WaitForEnd(int timeout_ms) const {
  const int64_t deadline_ms = base::NowMs() + timeout_ms;
  for (int64_t left = timeout_ms; left >= 0; left = deadline_ms - base::NowMs()) {
    pollfd watched = {watch_.get(), POLLIN, 0};
    if (poll(&watched, 1, static_cast<int>(left)) > 0) {
      return true;
    }
  }
  return false;
}

void SshProcess::Stop() {
  if (pid_ <= 0) {
    return;
  }
  // Ours until it is collected, so the number is nobody else's.
  kill(pid_, SIGTERM);
  if (!watch_ || !WaitForEnd(kPatienceMs)) {
    kill(pid_, SIGKILL);
  }
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  watch_.Reset();
}

}  // namespace relay
