// posix_spawn and posix_spawnp: the real ones, with another program, other arguments or another
// environment where they have to be; attributes and file actions stay as they are. They return an
// error number.
//
// The file is judged here, and started where the file actions lead. Only a change of folder makes
// a relative path another file there; what libc notes of it can't be read back, so from the first
// such action on every relative path that comes with actions is the launcher's to start.
#include <spawn.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "hooks/errno_keeper.h"
#include "hooks/libc_search.h"
#include "hooks/next.h"
#include "hooks/remembered.h"
#include "hooks/rights.h"
#include "hooks/start.h"
#include "program/entry.h"
#include "program/path_search.h"

namespace hooks {
namespace {

constinit std::atomic<bool> g_changes_folder = false;

using Strings = char* const*;

struct Spawn {
  pid_t* pid;
  const posix_spawn_file_actions_t* actions;
  const posix_spawnattr_t* attributes;

  bool MayBeElsewhere(const char* path) const {
    return *path != '/' && actions != nullptr && g_changes_folder.load(std::memory_order_relaxed);
  }
};

program::Judgement JudgeAt(const Spawn& spawn, const char* path) {
  return spawn.MayBeElsewhere(path) ? program::Judgement{program::Entry::kUnreadable, false}
                                    : program::Judge(AT_FDCWD, path);
}

// `as_found` is the real call for the program's own file; all of these return an error number.
template <typename AsFound>
int Run(const Spawn& spawn, const char* path, program::Judgement judgement, Strings argv,
        Strings envp, AsFound as_found) {
  Start start({.path = path}, judgement, argv, envp);
  return -RunStart(start, [&](const char* file, Strings arguments, Strings variables) {
    return -(start.by_launcher() ? real::posix_spawn(spawn.pid, file, spawn.actions,
                                                     spawn.attributes, arguments, variables)
                                 : as_found(arguments, variables));
  });
}

int SpawnFound(const Spawn& spawn, const char* name, Strings argv, Strings envp) {
  const auto real = [&](Strings arguments, Strings variables) {
    return real::posix_spawnp(spawn.pid, name, spawn.actions, spawn.attributes, arguments,
                              variables);
  };
  program::PathSearch search(name, SearchedPath());
  while (const char* const file = search.Next()) {
    const program::Judgement judgement = JudgeAt(spawn, file);
    if (judgement.entry != program::Entry::kNone) {
      return Run(spawn, file, judgement, argv, envp, real);
    }
  }
  return real(argv, envp);
}

}  // namespace

namespace exported {

int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, Strings argv, Strings envp) {
  const auto real = [&](Strings arguments, Strings variables) {
    return real::posix_spawn(pid, path, actions, attributes, arguments, variables);
  };
  if (!Remembered::Get().follows_exec()) {
    const int refused = CheckRights(path);
    return refused != 0 ? refused : real(argv, envp);
  }
  const ErrnoKeeper keeper;
  const Spawn spawn{pid, actions, attributes};
  const int result = Run(spawn, path, JudgeAt(spawn, path), argv, envp, real);
  keeper.Restore();
  return result;
}

int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, Strings argv, Strings envp) {
  if (!Remembered::Get().follows_exec()) {
    const int refused = file != nullptr ? CheckRightsOfNamed(file) : 0;
    return refused != 0 ? refused : real::posix_spawnp(pid, file, actions, attributes, argv, envp);
  }
  const ErrnoKeeper keeper;
  const int result = SpawnFound({pid, actions, attributes}, file, argv, envp);
  keeper.Restore();
  return result;
}

int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t* actions, const char* path) {
  g_changes_folder.store(true, std::memory_order_relaxed);
  return real::posix_spawn_file_actions_addchdir_np(actions, path);
}

int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t* actions, int fd) {
  g_changes_folder.store(true, std::memory_order_relaxed);
  return real::posix_spawn_file_actions_addfchdir_np(actions, fd);
}

}  // namespace exported
}  // namespace hooks
