#include "hooks/relay_starter.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "engine/relay_start.h"
#include "hooks/exec_environment.h"
#include "hooks/launcher.h"
#include "hooks/room.h"

namespace hooks {
namespace {

using base::Fd;
using engine::RelayStarted;

constexpr int64_t kStartMs = 5000;
// How often one waits for another's start to be over.
constexpr int kWaitSliceMs = 2;
// Of the two processes before exec, one behind the other on it.
constexpr size_t kStackSize = 64 * 1024;

long Pointer(const void* pointer) { return reinterpret_cast<long>(pointer); }

void SetFailure(base::Failure* why, int error, std::string_view detail) {
  *why = {.cause = base::Cause::kRelay, .code = static_cast<uint16_t>(error)};
  why->set_detail(detail);
}

// While it lives no signal is handled on this thread: a handler that never comes back must not
// leave a half-started relay, and none may run in a process that shares this memory.
class SignalsBlocked {
 public:
  SignalsBlocked() { Set(~uint64_t{0}, &before_); }
  ~SignalsBlocked() { Set(before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  // libc's function would let two signals of its own through, and a cancelled thread end in here.
  static void Set(uint64_t mask, uint64_t* old) {
    sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, Pointer(&mask), Pointer(old), sizeof mask);
  }
  uint64_t before_ = 0;
};

// Above the standard descriptors, which the relay's own take the place of.
bool MoveUp(Fd* fd) {
  if (fd->get() <= 2) {
    fd->Reset(sys::Fcntl(fd->get(), F_DUPFD_CLOEXEC, 3));
  }
  return fd->valid();
}

bool WriteAll(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const long written = sys::Write(fd, bytes.data(), bytes.size());
    if (written <= 0) {
      return false;
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

template <typename T>
std::span<const uint8_t> BytesOf(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

// A memfd with what the relay needs to know.
Fd DescribeSession(const engine::Session& session) {
  Fd out(static_cast<int>(sys::Call(SYS_memfd_create, Pointer("gochain-relay"), MFD_CLOEXEC)));
  const uint64_t head[] = {engine::kRelayStartMagic, session.config_image().size()};
  static_assert(sizeof head + sizeof(engine::Settings) == sizeof(engine::RelayStart));
  const bool done = out.valid() && WriteAll(out.get(), BytesOf(head)) &&
                    WriteAll(out.get(), BytesOf(session.settings())) &&
                    WriteAll(out.get(), session.config_image()) &&
                    sys::Call(SYS_lseek, out.get(), 0, SEEK_SET) == 0 && MoveUp(&out);
  return done ? std::move(out) : Fd();
}

// What the processes before exec need; in the program's memory, which they share.
struct Task {
  const char* path;
  char* const* argv;
  char* const* envp;
  int input;
  int output;
  char* stack_end;
};

void CloseFrom(int first) {
  if (sys::Call(SYS_close_range, first, ~0u, 0) == 0) {
    return;
  }
  constexpr int kHighest = 65536;
  for (int fd = first; fd < kHighest; ++fd) {
    sys::Close(fd);
  }
}

// The relay before exec: only system calls, on a stack of its own.
int BecomeRelay(void* argument) {
  const Task& task = *static_cast<Task*>(argument);
  sys::Call(SYS_setsid);
  const int null = sys::Open("/dev/null", O_RDWR);
  sys::Call(SYS_dup3, task.input, 0, 0);
  sys::Call(SYS_dup3, task.output, 1, 0);
  sys::Call(SYS_dup3, null, 2, 0);
  CloseFrom(3);
  RelayStarted failed;
  failed.error = static_cast<int32_t>(
      -sys::Call(SYS_execve, Pointer(task.path), Pointer(task.argv), Pointer(task.envp)));
  sys::Write(1, &failed, sizeof failed);
  sys::Call(SYS_exit_group, 127);
  return 127;
}

// 0 is the signal that the parent gets at its end: none, and wait(2) without __WCLONE passes it
// over. Until exec or exit the caller stands still.
long CloneStanding(int (*run)(void*), char* stack_end, Task* task) {
  const int saved_errno = errno;
  const int pid = clone(run, stack_end, CLONE_VM | CLONE_VFORK, task);
  const long result = pid < 0 ? -errno : pid;
  errno = saved_errno;
  return result;
}

// The process in between, whose end makes the relay nobody's child. Its own frames are at the top
// of the stack; the relay's begin in the middle.
int StartAndEnd(void* argument) {
  Task* const task = static_cast<Task*>(argument);
  const long pid = CloneStanding(BecomeRelay, task->stack_end - kStackSize / 2, task);
  if (pid < 0) {
    RelayStarted failed;
    failed.error = static_cast<int32_t>(-pid);
    sys::Write(task->output, &failed, sizeof failed);
  }
  sys::Call(SYS_exit_group, 0);
  return 0;
}

bool RunTask(Task* task) {
  const long mapped = sys::Call(SYS_mmap, 0, kStackSize, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1);
  if (mapped < 0 && mapped > -4096) {
    return false;
  }
  task->stack_end = reinterpret_cast<char*>(mapped) + kStackSize;
  const long pid = CloneStanding(StartAndEnd, task->stack_end, task);
  if (pid > 0) {
    sys::Call(SYS_wait4, pid, 0, __WALL, 0);
  }
  sys::Unmap(reinterpret_cast<void*>(mapped), kStackSize);
  return pid > 0;
}

// Waits for the relay's one message.
bool Hear(int fd, RelayStarted* out, base::Failure* why) {
  pollfd watched{fd, POLLIN, 0};
  if (sys::Poll(&watched, 1, kStartMs) == 0) {
    SetFailure(why, EACCES, "it did not start in time");
    return false;
  }
  if (sys::Read(fd, out, sizeof *out) != static_cast<long>(sizeof *out) ||
      out->magic != engine::kRelayStartMagic) {
    SetFailure(why, EACCES, "it ended at its start; is the launcher of this library's version?");
    return false;
  }
  if (out->error != 0) {
    std::array<char, 64> text;
    base::TextWriter writer(text);
    writer.Append("it can't be started: errno ").AppendNumber(static_cast<uint64_t>(out->error));
    SetFailure(why, EACCES, writer.view());
  }
  return out->error == 0;
}

bool Launch(const engine::Session& session, protocol::RelayAccess* access, base::Failure* why) {
  ExecEnvironment environment(Remembered::Get(), environ, false);
  return WithRoom(environment.room() + LauncherRoom(), [&](char* room) -> int {
           char* const* const envp = environment.Write(room);
           Task task{};
           task.path = FindLauncher(room + environment.room());
           if (task.path == nullptr) {
             SetFailure(why, EACCES,
                        "no launcher is beside the library; GOCHAIN_LAUNCHER names it");
             return 0;
           }
           std::array<char, 16> pid{};
           base::TextWriter(pid).AppendNumber(static_cast<uint64_t>(sys::Getpid()));
           const char* const argv[] = {"gochain", "--library-relay", pid.data(), nullptr};
           task.argv = const_cast<char* const*>(argv);
           task.envp = envp;
           const Fd input = DescribeSession(session);
           int ends[2];
           if (!input.valid() || sys::Call(SYS_pipe2, Pointer(ends), O_CLOEXEC) != 0) {
             SetFailure(why, EACCES, "no descriptor or memory for it");
             return 0;
           }
           const Fd answer(ends[0]);
           Fd output(ends[1]);
           task.input = input.get();
           task.output = MoveUp(&output) ? output.get() : -1;
           RelayStarted started;
           if (task.output < 0 || !RunTask(&task)) {
             SetFailure(why, EACCES, "no process for it");
             return 0;
           }
           output.Reset();
           if (!Hear(answer.get(), &started, why)) {
             return 0;
           }
           *access = started.access;
           return 1;
         }) == 1;
}

}  // namespace

bool FindOrStartRelay(engine::Session& session, uint64_t version, engine::FoundRelay* relay,
                      base::Failure* why) {
  engine::RelayPlace& place = session.relay();
  const int64_t deadline_ms = base::NowMs() + kStartMs + engine::RelayPlace::kStartTimeoutMs;
  while (base::NowMs() < deadline_ms) {
    if (const auto found = place.Find(); found && found->version != version) {
      *relay = *found;
      return true;
    }
    const SignalsBlocked blocked;
    if (!place.Claim(version, base::NowMs())) {
      sys::Poll(nullptr, 0, kWaitSliceMs);
      continue;
    }
    protocol::RelayAccess access;
    SetFailure(why, EACCES, "no memory for it");
    if (!Launch(session, &access, why)) {
      place.Abandon();
      return false;
    }
    place.Publish(access);
  }
  SetFailure(why, EACCES, "it did not start in time");
  return false;
}

}  // namespace hooks
