#include "hooks/outsider.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/syscalls.h"
#include "base/text.h"
#include "hooks/exec_environment.h"
#include "hooks/launcher.h"
#include "hooks/remembered.h"
#include "hooks/room.h"

namespace hooks {
namespace {

// Of the two processes before exec, one behind the other on it.
constexpr size_t kStackSize = 64 * 1024;

long Pointer(const void* pointer) { return reinterpret_cast<long>(pointer); }

// What the processes before exec need and tell; in the program's memory, which they share.
struct Task {
  const char* path;
  char* const* argv;
  char* const* envp;
  int input;
  int output;
  char* stack_end;
  long result;  // the outsider's PID, or -errno
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

// The outsider before exec: only system calls, on a stack of its own.
int BecomeOutsider(void* argument) {
  Task& task = *static_cast<Task*>(argument);
  sys::Call(SYS_setsid);
  const int null = sys::Open("/dev/null", O_RDWR);
  sys::Call(SYS_dup3, task.input, 0, 0);
  sys::Call(SYS_dup3, task.output, 1, 0);
  sys::Call(SYS_dup3, null, 2, 0);
  CloseFrom(3);
  const long error =
      sys::Call(SYS_execve, Pointer(task.path), Pointer(task.argv), Pointer(task.envp));
  task.result = error;
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

// The process in between, whose end makes the outsider nobody's child. Its own frames are at the
// top of the stack; the outsider's begin in the middle.
int StartAndEnd(void* argument) {
  Task* const task = static_cast<Task*>(argument);
  const long pid = CloneStanding(BecomeOutsider, task->stack_end - kStackSize / 2, task);
  if (task->result == 0) {
    task->result = pid;
  }
  sys::Call(SYS_exit_group, 0);
  return 0;
}

Outsider RunTask(Task* task) {
  const long mapped = sys::Call(SYS_mmap, 0, kStackSize, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1);
  if (mapped < 0 && mapped > -4096) {
    return {.why = "no memory for it"};
  }
  task->stack_end = reinterpret_cast<char*>(mapped) + kStackSize;
  const long between = CloneStanding(StartAndEnd, task->stack_end, task);
  if (between > 0) {
    sys::Call(SYS_wait4, between, 0, __WALL, 0);
  }
  sys::Unmap(reinterpret_cast<void*>(mapped), kStackSize);
  if (between < 0) {
    return {.why = "no process for it", .error = static_cast<int>(-between)};
  }
  if (task->result <= 0) {
    return {.why = "it can't be started", .error = static_cast<int>(-task->result)};
  }
  return {.pid = static_cast<pid_t>(task->result)};
}

}  // namespace

// libc's function would let two signals of its own through, and a cancelled thread end in here.
void SignalsBlocked::Set(uint64_t mask, uint64_t* old) {
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, Pointer(&mask), Pointer(old), sizeof mask);
}

std::string_view Outsider::Text(std::span<char> buffer) const {
  base::TextWriter text(buffer);
  text.Append(why);
  if (error != 0) {
    text.Append(": errno ").AppendNumber(static_cast<uint64_t>(error));
  }
  return text.view();
}

bool MoveUp(base::Fd* fd) {
  if (fd->valid() && fd->get() <= 2) {
    fd->Reset(sys::Fcntl(fd->get(), F_DUPFD_CLOEXEC, 3));
  }
  return fd->valid();
}

Outsider StartOutsider(const char* option, pid_t pid, int input, int output) {
  std::array<char, 16> number{};
  base::TextWriter(number).AppendNumber(static_cast<uint64_t>(pid));
  ExecEnvironment environment(Remembered::Get(), environ, false);
  Outsider out{.why = "no memory for it"};
  WithRoom(environment.room() + LauncherRoom(), [&](char* room) -> int {
    Task task{};
    task.envp = environment.Write(room);
    task.path = FindLauncher(room + environment.room());
    if (task.path == nullptr) {
      out = {.why = "no launcher is beside the library; GOCHAIN_LAUNCHER names it"};
      return 0;
    }
    const char* const argv[] = {"gochain", option, number.data(), nullptr};
    task.argv = const_cast<char* const*>(argv);
    task.input = input;
    task.output = output;
    out = RunTask(&task);
    return 0;
  });
  return out;
}

}  // namespace hooks
