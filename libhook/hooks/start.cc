#include "hooks/start.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "base/syscalls.h"
#include "base/text.h"
#include "hooks/launcher.h"
#include "hooks/remembered.h"
#include "hooks/say.h"

namespace hooks {
namespace {

using program::Entry;

// "--library-child", FILE, "--library-child-closes", N, "--", the final null, an empty argv[0].
constexpr size_t kMoreArguments = 8;

bool NeedsLauncher(Entry entry) {
  switch (entry) {
    case Entry::kStatic:
    case Entry::kGo:
    case Entry::kForeign:
    case Entry::kUnreadable:
    case Entry::kSetuid:  // to be asked about: it knows the rules
      return true;
    case Entry::kOpen:
    case Entry::kNone:
      return false;
  }
  return true;
}

program::Judgement JudgeFile(const ProgramFile& file) {
  return file.path[0] != '\0' ? program::Judge(file.folder, file.path, file.follow)
         : file.folder >= 0   ? program::JudgeDescriptor(file.folder)
                              : program::Judgement{};
}

}  // namespace

Start::Start(const ProgramFile& file, char* const* argv, char* const* envp)
    : Start(file, JudgeFile(file), argv, envp) {}

Start::Start(const ProgramFile& file, program::Judgement judgement, char* const* argv,
             char* const* envp)
    : file_(file),
      argv_(argv),
      envp_(envp),
      path_(file.path),
      entry_(judgement.entry),
      by_launcher_(NeedsLauncher(judgement.entry)),
      environment_(Remembered::Get(), envp, !by_launcher_) {
  const std::string_view library = Remembered::Get().library();
  if (entry_ == Entry::kOpen &&
      (!environment_.injects() || (!library.empty() && !MayAccess(library.data(), R_OK)))) {
    refusal_ = "the library can't be read here (another root folder, or another user)";
  }
  if (by_launcher_) {
    for (; argv != nullptr && argv[argc_] != nullptr; ++argc_) {
    }
    NameForLauncher(judgement.script);
    // As the kernel has it: the interpreter couldn't open a script that exec closes (ENOENT).
    if (closing_ >= 0 && judgement.script) {
      by_launcher_ = false;
      environment_ = ExecEnvironment(Remembered::Get(), envp, true);
    }
  }
}

// The launcher executes the same open file, whatever has become of its path. A script's interpreter
// is given the name that the kernel gives it, /dev/fd/N.
void Start::NameForLauncher(bool script) {
  const bool is_path = file_.path[0] == '/' || (file_.path[0] != '\0' && file_.folder == AT_FDCWD);
  if (is_path) {
    return;
  }
  const auto number = static_cast<uint64_t>(file_.folder);
  base::TextWriter(folder_).Append(script ? "/dev/fd/" : "/proc/self/fd/").AppendNumber(number);
  base::TextWriter(number_).AppendNumber(number);
  const int flags = sys::Fcntl(file_.folder, F_GETFD);
  if (flags >= 0 && (flags & FD_CLOEXEC) != 0) {
    closing_ = file_.folder;
  }
}

size_t Start::room() const {
  size_t size = environment_.room() + 64;
  if (by_launcher_) {
    size += (argc_ + kMoreArguments) * sizeof(char*) + LauncherRoom() + folder_.size() +
            std::strlen(file_.path) + 2;
  }
  return size;
}

int Start::Prepare(char* room) {
  if (refusal_ != nullptr) {
    Say(refusal_, "not started, since it would go straight out");
    return EACCES;
  }
  if (!by_launcher_) {
    envp_ = environment_.is_complete() ? envp_ : environment_.Write(room);
    return 0;
  }
  char** const arguments = reinterpret_cast<char**>(room);
  char** at = arguments;
  room += (argc_ + kMoreArguments) * sizeof(char*);
  envp_ = environment_.Write(room);
  room += environment_.room();

  path_ = FindLauncher(room);
  if (path_ == nullptr) {
    Say("the launcher, which could route it, isn't beside the library (GOCHAIN_LAUNCHER names it)",
        "not started, since it would go straight out");
    return EACCES;
  }
  room += LauncherRoom();
  const auto add = [&](const char* argument) { *at++ = const_cast<char*>(argument); };
  add("gochain");
  add("--library-child");
  if (folder_[0] == '\0') {
    add(file_.path);
  } else {
    base::TextWriter text(std::span<char>(room, folder_.size() + std::strlen(file_.path) + 2));
    text.Append(folder_.data());
    if (file_.path[0] != '\0') {
      text.Append('/').Append(file_.path);
    }
    text.Append('\0');
    add(room);
  }
  if (closing_ >= 0) {
    add("--library-child-closes");
    add(number_.data());
  }
  add("--");
  if (argc_ == 0) {
    add("");
  }
  for (size_t i = 0; i < argc_; ++i) {
    *at++ = argv_[i];
  }
  *at = nullptr;
  argv_ = arguments;
  return 0;
}

// "PROGRAM is statically linked; WHAT: THEN".
void Start::Say(std::string_view what, std::string_view then) const {
  std::array<char, 1024> line;
  base::TextWriter text(line);
  text.Append(file_.path[0] != '\0' ? std::string_view(file_.path) : "a program without a name");
  text.Append(entry_ == Entry::kOpen ? "" : " ");
  text.Append(entry_ == Entry::kOpen ? "" : program::Describe(entry_));
  text.Append(entry_ == Entry::kOpen ? ": " : "; ");
  text.Append(what).Append(": ").Append(then);
  SayWithoutRules(engine::LogLevel::kError, text.view());
}

}  // namespace hooks
