// Program: can the preloaded library get into the program that a command names?
//
// It can't where nothing loads it: statically linked programs, other machines' and setuid ones. It
// is of no use in Go programs, even dynamic ones: they call the kernel themselves. Their
// connections would go straight out without a word, so --mode=preload refuses them.
#ifndef GOCHAIN_PROCESS_PROGRAM_H_
#define GOCHAIN_PROCESS_PROGRAM_H_

#include <cstdint>
#include <string>

namespace process {

enum class Entry : uint8_t {
  kOpen,       // dynamically linked, for this machine
  kStatic,     // no PT_INTERP
  kGo,         // its own system calls
  kForeign,    // another word size or machine
  kSetuid,     // ld.so drops LD_PRELOAD
  kUnreadable  // can't be looked into
};

// The file that execvp(3) would start for `command`; empty where there is none.
std::string FindProgram(const std::string& command);

// Looks into the file at `path`; of a script (#!) into its interpreter.
Entry EntryOf(const std::string& path);

// "is statically linked" and the like: what `entry` says of a program, after its name.
const char* Describe(Entry entry);

}  // namespace process

#endif  // GOCHAIN_PROCESS_PROGRAM_H_
