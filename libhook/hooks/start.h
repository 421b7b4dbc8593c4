// Start: how a program that the caller wants to exec is to be started, so that what it connects to
// is routed.
//
// The library gets into most programs by itself, if the environment says so. A static or a Go
// program is started by the launcher instead, which supervises it (`gochain --library-child FILE --
// ARGV…`), and so is one with rights of its own, of which it knows what the rules say; what can't
// be routed is refused, with one line. Only for a library that nobody stands behind:
// Remembered::follows_exec().
//
// Async-signal-safe, safe between vfork and exec: allocates nothing, takes no lock and, under a
// launcher or with nothing to say, writes nothing but its own stack.
#ifndef GOCHAIN_HOOKS_START_H_
#define GOCHAIN_HOOKS_START_H_

#include <fcntl.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "base/syscalls.h"
#include "hooks/exec_environment.h"
#include "hooks/room.h"
#include "program/entry.h"

namespace hooks {

// A program as execveat(2) names it.
struct ProgramFile {
  int folder = AT_FDCWD;
  const char* path = "";  // empty: `folder` is the program itself
  bool follow = true;     // symbolic links
};

class Start {
 public:
  // Judges the file. `argv` and `envp` are those of exec; each may be null.
  Start(const ProgramFile& file, char* const* argv, char* const* envp);
  // With a judgement made elsewhere.
  Start(const ProgramFile& file, program::Judgement judgement, char* const* argv,
        char* const* envp);

  // False where the call is right as the program made it.
  bool changes() const {
    return by_launcher_ || !environment_.is_complete() || refusal_ != nullptr;
  }
  // True where another program than the caller's is executed; its path is then absolute.
  bool by_launcher() const { return by_launcher_; }
  // The descriptor that names the file for the launcher and would be closed at its exec; or -1.
  int closing_descriptor() const { return closing_; }

  size_t room() const;
  // Makes path(), argv() and envp() in `room`: 0, or the errno of a start that is refused, of which
  // a line has been said.
  int Prepare(char* room);

  const ExecEnvironment& environment() const { return environment_; }
  const char* path() const { return path_; }
  char* const* argv() const { return argv_; }
  char* const* envp() const { return envp_; }

 private:
  void NameForLauncher(bool script);
  void Say(std::string_view what, std::string_view then) const;

  ProgramFile file_;
  char* const* argv_;
  char* const* envp_;
  const char* path_;
  program::Entry entry_;
  bool by_launcher_;
  ExecEnvironment environment_;
  const char* refusal_ = nullptr;
  int closing_ = -1;
  size_t argc_ = 0;
  std::array<char, 32> folder_{};  // of a path for the launcher that is made of `file_.folder`
  std::array<char, 16> number_{};  // closing_ as text
};

// A descriptor that an exec would close stays open over it, and is as it was where that fails.
class KeptOpen {
 public:
  explicit KeptOpen(int fd) : fd_(fd) {
    if (fd_ >= 0) {
      sys::Fcntl(fd_, F_SETFD, 0);
    }
  }
  ~KeptOpen() {
    if (fd_ >= 0) {
      sys::Fcntl(fd_, F_SETFD, FD_CLOEXEC);
    }
  }
  KeptOpen(const KeptOpen&) = delete;
  KeptOpen& operator=(const KeptOpen&) = delete;

 private:
  int fd_;  // -1: none
};

// Runs `execute(path, argv, envp)`, which returns -errno, as `start` has it.
template <typename Execute>
int RunStart(Start& start, Execute execute) {
  if (!start.changes()) {
    return execute(start.path(), start.argv(), start.envp());
  }
  return WithRoom(start.room(), [&](char* room) {
    const int refused = start.Prepare(room);
    return refused != 0 ? -refused : execute(start.path(), start.argv(), start.envp());
  });
}

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_START_H_
