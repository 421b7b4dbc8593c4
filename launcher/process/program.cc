#include "process/program.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace process {
namespace {

// The kernel follows scripts of scripts no further (BINPRM_MAX_RECURSION is 4).
constexpr int kMaxScripts = 5;
constexpr size_t kMaxSegments = 128;
constexpr size_t kMaxNotes = 64 * 1024;

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#endif

// The interpreter that a script's first line names; empty where it is no script.
std::string Interpreter(std::string_view head) {
  if (!head.starts_with("#!")) {
    return {};
  }
  head = head.substr(2, head.find('\n') - 2);
  head.remove_prefix(std::min(head.find_first_not_of(" \t"), head.size()));
  return std::string(head.substr(0, head.find_first_of(" \t\r")));
}

// Go's linker leaves a note of owner "Go" (its build id) in every program.
bool HasGoNote(int fd, const Elf64_Phdr& segment) {
  std::vector<char> notes(std::min<size_t>(segment.p_filesz, kMaxNotes));
  const long size =
      sys::Pread(fd, notes.data(), notes.size(), static_cast<int64_t>(segment.p_offset));
  size_t at = 0;
  while (size > 0 && at + sizeof(Elf64_Nhdr) <= static_cast<size_t>(size)) {
    Elf64_Nhdr note;
    std::memcpy(&note, &notes[at], sizeof note);
    const size_t name = at + sizeof note;
    if (note.n_namesz == 4 && name + 4 <= static_cast<size_t>(size) &&
        std::memcmp(&notes[name], "Go\0", 4) == 0) {
      return true;
    }
    const auto padded = [](size_t bytes) { return (bytes + 3) & ~size_t{3}; };
    at = name + padded(note.n_namesz) + padded(note.n_descsz);
  }
  return false;
}

Entry EntryOfElf(int fd, const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachine) {
    return Entry::kForeign;
  }
  bool interpreter = false;
  bool go = false;
  for (size_t i = 0; i < std::min<size_t>(header.e_phnum, kMaxSegments); ++i) {
    Elf64_Phdr segment;
    if (sys::Pread(fd, &segment, sizeof segment,
                   static_cast<int64_t>(header.e_phoff + i * sizeof segment)) !=
        static_cast<long>(sizeof segment)) {
      return Entry::kUnreadable;
    }
    interpreter = interpreter || segment.p_type == PT_INTERP;
    go = go || (segment.p_type == PT_NOTE && HasGoNote(fd, segment));
  }
  if (go) {
    return Entry::kGo;
  }
  return interpreter ? Entry::kOpen : Entry::kStatic;
}

}  // namespace

std::string FindProgram(const std::string& command) {
  if (command.find('/') != std::string::npos) {
    return command;
  }
  const char* const variable = std::getenv("PATH");
  std::string_view path = variable != nullptr ? variable : "/bin:/usr/bin";
  for (;;) {
    const size_t end = std::min(path.find(':'), path.size());
    const std::string folder(path.substr(0, end));
    std::string candidate = (folder.empty() ? "." : folder) + "/" + command;
    struct stat status;
    if (access(candidate.c_str(), X_OK) == 0 && stat(candidate.c_str(), &status) == 0 &&
        S_ISREG(status.st_mode)) {
      return candidate;
    }
    if (end == path.size()) {
      return {};
    }
    path.remove_prefix(end + 1);
  }
}

Entry EntryOf(const std::string& path) {
  std::string file = path;
  for (int scripts = 0; scripts < kMaxScripts; ++scripts) {
    const base::Fd fd(sys::Open(file.c_str(), O_RDONLY | O_NOCTTY));
    struct stat status;
    if (!fd.valid() || sys::Fstat(fd.get(), &status) != 0) {
      return Entry::kUnreadable;
    }
    std::array<char, 512> head{};
    const long size = sys::Pread(fd.get(), head.data(), head.size(), 0);
    if (size >= static_cast<long>(sizeof(Elf64_Ehdr)) &&
        std::memcmp(head.data(), ELFMAG, SELFMAG) == 0) {
      const bool sets_id = (status.st_mode & (S_ISUID | S_ISGID)) != 0 && geteuid() != 0;
      Elf64_Ehdr header;
      std::memcpy(&header, head.data(), sizeof header);
      return sets_id ? Entry::kSetuid : EntryOfElf(fd.get(), header);
    }
    file = Interpreter({head.data(), static_cast<size_t>(std::max(size, 0L))});
    if (file.empty()) {
      file = "/bin/sh";  // execvp(3) gives what is no program to the shell
    }
  }
  return Entry::kUnreadable;
}

const char* Describe(Entry entry) {
  switch (entry) {
    case Entry::kOpen:
      return "can be entered";
    case Entry::kStatic:
      return "is statically linked";
    case Entry::kGo:
      return "is a Go program, which calls the kernel itself";
    case Entry::kForeign:
      return "is for another machine or word size";
    case Entry::kSetuid:
      return "is setuid or setgid";
    case Entry::kUnreadable:
      return "can't be looked into";
  }
  return "";
}

}  // namespace process
