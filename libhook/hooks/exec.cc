// execve and its relatives. All of them end in Execve, which judges the file first; the search in
// PATH is made here, since it is the file found that has to be judged.
// Async-signal-safe and safe after vfork. Under a supervisor they are the real call, and execve
// looks whether the program will lack rights that it brings.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "base/syscalls.h"
#include "hooks/errno_keeper.h"
#include "hooks/libc_search.h"
#include "hooks/next.h"
#include "hooks/remembered.h"
#include "hooks/rights.h"
#include "hooks/room.h"
#include "hooks/start.h"
#include "hooks/user_memory.h"
#include "loop/guard.h"
#include "loop/riders.h"
#include "program/path_search.h"

namespace hooks {
namespace {

using Strings = char* const*;

// Whether the lists can be walked; what can't is left to the kernel, which says EFAULT.
bool AreReadable(Strings argv, Strings envp) {
  return (argv == nullptr || IsReadable(argv, sizeof *argv)) &&
         (envp == nullptr || IsReadable(envp, sizeof *envp));
}

int Execve(const char* path, Strings argv, Strings envp) {
  if (loop::IsBusy()) {
    loop::Executing();
  }
  const auto real = [](const char* file, Strings arguments, Strings variables) {
    return FromC(real::execve(file, arguments, variables));
  };
  if (!Remembered::Get().follows_exec()) {
    const int refused = CheckRights(path);
    return refused != 0 ? -refused : real(path, argv, envp);
  }
  if (!IsReadable(path, 1) || !AreReadable(argv, envp)) {
    return real(path, argv, envp);
  }
  Start start({.path = path}, argv, envp);
  return RunStart(start, real);
}

// A file without "#!" is the shell's (execvp(3)); not so with musl.
int ExecByShell(const char* file, Strings argv, Strings envp) {
  if (!IsGlibc()) {
    return -ENOEXEC;
  }
  size_t count = 0;
  while (argv != nullptr && argv[count] != nullptr) {
    ++count;
  }
  return WithRoom((count + 3) * sizeof(char*), [&](char* room) {
    const char** const arguments = reinterpret_cast<const char**>(room);
    size_t size = 0;
    arguments[size++] = kShell;
    arguments[size++] = file;
    for (size_t i = 1; i < count; ++i) {
      arguments[size++] = argv[i];
    }
    arguments[size] = nullptr;
    return Execve(kShell, const_cast<Strings>(arguments), envp);
  });
}

int Execvpe(const char* file, Strings argv, Strings envp) {
  return program::ExecuteByName(
      file, SearchedPath(), [&](const char* path) { return Execve(path, argv, envp); },
      [&](const char* path) { return ExecByShell(path, argv, envp); });
}

// Calls `execute(argv)` with `first` and what follows it in `list`, up to the null; `list` is then
// at what comes after that.
template <typename Execute>
int WithList(const char* first, va_list* list, Execute execute) {
  va_list counted;
  va_copy(counted, *list);
  size_t count = 1;
  for (const char* argument = first; argument != nullptr; ++count) {
    argument = va_arg(counted, const char*);
  }
  va_end(counted);
  return WithRoom(count * sizeof(char*), [&](char* room) {
    const char** const arguments = reinterpret_cast<const char**>(room);
    arguments[0] = first;
    for (size_t i = 1; i < count; ++i) {
      arguments[i] = va_arg(*list, const char*);
    }
    return execute(const_cast<Strings>(arguments));
  });
}

int Fexecve(int fd, Strings argv, Strings envp) {
  const auto real = [fd](const char*, Strings arguments, Strings variables) {
    return FromC(real::fexecve(fd, arguments, variables));
  };
  if (fd < 0 || argv == nullptr || envp == nullptr || !Remembered::Get().follows_exec() ||
      !AreReadable(argv, envp)) {
    return real("", argv, envp);
  }
  Start start({.folder = fd}, argv, envp);
  return RunStart(start, [&](const char* path, Strings arguments, Strings variables) {
    if (!start.by_launcher()) {
      return real("", arguments, variables);
    }
    const KeptOpen kept(start.closing_descriptor());
    return FromC(real::execve(path, arguments, variables));
  });
}

int Execveat(int folder, const char* path, Strings argv, Strings envp, int flags) {
  const auto real = [&](const char*, Strings arguments, Strings variables) {
    return static_cast<int>(sys::Call(SYS_execveat, folder, reinterpret_cast<long>(path),
                                      reinterpret_cast<long>(arguments),
                                      reinterpret_cast<long>(variables), flags));
  };
  if (!Remembered::Get().follows_exec() || (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0 ||
      !IsReadable(path, 1) || !AreReadable(argv, envp) ||
      (*path == '\0' && (flags & AT_EMPTY_PATH) == 0)) {
    return real(path, argv, envp);
  }
  Start start({folder, path, (flags & AT_SYMLINK_NOFOLLOW) == 0}, argv, envp);
  return RunStart(start, [&](const char* file, Strings arguments, Strings variables) {
    if (!start.by_launcher()) {
      return real(file, arguments, variables);
    }
    const KeptOpen kept(start.closing_descriptor());
    return FromC(real::execve(file, arguments, variables));
  });
}

}  // namespace

namespace exported {

int execve(const char* path, Strings argv, Strings envp) {
  return ErrnoKeeper().Return(Execve(path, argv, envp));
}

int execv(const char* path, Strings argv) {
  return ErrnoKeeper().Return(Execve(path, argv, environ));
}

int execvp(const char* file, Strings argv) {
  return ErrnoKeeper().Return(Execvpe(file, argv, environ));
}

int execvpe(const char* file, Strings argv, Strings envp) {
  return ErrnoKeeper().Return(Execvpe(file, argv, envp));
}

int execl(const char* path, const char* first, ...) {
  va_list list;
  va_start(list, first);
  const int result =
      WithList(first, &list, [&](Strings argv) { return Execve(path, argv, environ); });
  va_end(list);
  return ErrnoKeeper().Return(result);
}

int execlp(const char* file, const char* first, ...) {
  va_list list;
  va_start(list, first);
  const int result =
      WithList(first, &list, [&](Strings argv) { return Execvpe(file, argv, environ); });
  va_end(list);
  return ErrnoKeeper().Return(result);
}

int execle(const char* path, const char* first, ...) {
  va_list list;
  va_start(list, first);
  const int result = WithList(
      first, &list, [&](Strings argv) { return Execve(path, argv, va_arg(list, Strings)); });
  va_end(list);
  return ErrnoKeeper().Return(result);
}

int fexecve(int fd, Strings argv, Strings envp) {
  return ErrnoKeeper().Return(Fexecve(fd, argv, envp));
}

int execveat(int folder, const char* path, Strings argv, Strings envp, int flags) {
  return ErrnoKeeper().Return(Execveat(folder, path, argv, envp, flags));
}

}  // namespace exported
}  // namespace hooks
