// Entry: can the preloaded library get into the program that a file holds?
//
// It can't where nothing loads it: statically linked programs, other machines' and those that
// bring rights of their own. It is of no use in Go programs, even dynamic ones: they call the
// kernel themselves. Their connections would go straight out without a word, so the launcher
// refuses them in --mode=preload, and the library has them started under the supervisor.
//
// Async-signal-safe, safe between vfork and exec: allocates nothing, needs some 3 KB of stack.
#ifndef GOCHAIN_PROGRAM_ENTRY_H_
#define GOCHAIN_PROGRAM_ENTRY_H_

#include <cstdint>

namespace program {

enum class Entry : uint8_t {
  kOpen,        // dynamically linked, for this machine
  kStatic,      // no PT_INTERP
  kGo,          // its own system calls
  kForeign,     // another word size or machine
  kSetuid,      // runs with rights that its caller lacks: ld.so drops LD_PRELOAD (AT_SECURE)
  kUnreadable,  // may be executed, but can't be looked into
  kNone,        // no program: execve(2) fails, and says why
};

struct Judgement {
  Entry entry = Entry::kNone;
  bool script = false;  // `entry` is that of its interpreter
};

// Looks into the file that execveat(2) would start for `folder` and `path`; of a script (#!) into
// its interpreter. Without `follow` a symbolic link is no program.
Judgement Judge(int folder, const char* path, bool follow = true);
// The same for the file that `fd` is open on, as fexecve(3) takes it; O_PATH is enough.
Judgement JudgeDescriptor(int fd);

// Whether the mode or the capabilities of the file at `path` would give its program rights that the
// caller lacks, whatever no_new_privs (prctl(2)) makes of them. A few system calls; false where the
// file can't be found.
bool BringsRights(const char* path);

// "is statically linked" and the like: what `entry` says of a program, after its name.
const char* Describe(Entry entry);

}  // namespace program

#endif  // GOCHAIN_PROGRAM_ENTRY_H_
