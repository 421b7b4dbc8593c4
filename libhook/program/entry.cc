#include "program/entry.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>

#include "base/fd.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "program/elf_file.h"

namespace program {
namespace {

// The kernel gives up (ELOOP) where the fifth interpreter is a script too (exec_binprm).
constexpr int kMaxFiles = 6;
// What the kernel reads of a script's first line (BINPRM_BUF_SIZE).
constexpr size_t kScriptHead = 256;
constexpr const char* kCapability = "security.capability";

long Pointer(const void* p) { return reinterpret_cast<long>(p); }

// A FIFO or a device must not hold us up: O_NONBLOCK.
int OpenAt(int folder, const char* path, bool follow) {
  const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
  return static_cast<int>(sys::Call(SYS_openat, folder, Pointer(path), flags));
}

// As exec asks: with the effective ids. Where faccessat2 isn't known (Linux 5.8) the real ids have
// to do; sandboxes older than it say EPERM.
bool IsExecutable(int folder, const char* path) {
  long result = sys::Call(SYS_faccessat2, folder, Pointer(path), X_OK, AT_EACCESS);
  if (result == -ENOSYS || result == -EPERM) {
    result = sys::Call(SYS_faccessat, folder, Pointer(path), X_OK);
  }
  return result == 0;
}

// Bits and capabilities of the file count, unless no_new_privs or the mount says otherwise.
bool MayRaise(int fd) {
  struct statfs mount;
  return sys::Call(SYS_prctl, PR_GET_NO_NEW_PRIVS) != 1 &&
         (sys::Call(SYS_fstatfs, fd, Pointer(&mount)) != 0 || (mount.f_flags & ST_NOSUID) == 0);
}

uid_t RealUser() { return static_cast<uid_t>(sys::Call(SYS_getuid)); }
gid_t RealGroup() { return static_cast<gid_t>(sys::Call(SYS_getgid)); }

// Takes the next number off `text`, a file of lines "INSIDE OUTSIDE COUNT".
uint64_t TakeNumber(std::string_view* text) {
  constexpr std::string_view kDigits = "0123456789";
  text->remove_prefix(std::min(text->find_first_of(kDigits), text->size()));
  uint64_t number = 0;
  for (; !text->empty() && kDigits.find(text->front()) != kDigits.npos; text->remove_prefix(1)) {
    number = number * 10 + static_cast<uint64_t>(text->front() - '0');
  }
  return number;
}

// Has `id` a place in the user namespace whose `map` (user_namespaces(7)) that is? True where
// nobody can say.
bool IsMapped(const char* map, uint64_t id) {
  const base::Fd file(sys::Open(map, O_RDONLY));
  std::array<char, 1024> buffer;
  const long size = file.valid() ? sys::Read(file.get(), buffer.data(), buffer.size()) : -1;
  if (size <= 0 || static_cast<size_t>(size) == buffer.size()) {
    return true;
  }
  std::string_view text(buffer.data(), static_cast<size_t>(size));
  while (text.find('\n') != text.npos) {
    const uint64_t first = TakeNumber(&text);
    TakeNumber(&text);
    const uint64_t count = TakeNumber(&text);
    if (id >= first && id - first < count) {
      return true;
    }
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return false;
}

// The file's mode makes its program another user's or group's. An owner from outside of the user
// namespace leaves the program its caller's (bprm_fill_uid of Linux).
bool ChangesUser(const struct stat& status) {
  constexpr mode_t kSetgid = S_ISGID | S_IXGRP;
  const bool changes = ((status.st_mode & S_ISUID) != 0 && status.st_uid != RealUser()) ||
                       ((status.st_mode & kSetgid) == kSetgid && status.st_gid != RealGroup());
  return changes && IsMapped("/proc/self/uid_map", status.st_uid) &&
         IsMapped("/proc/self/gid_map", status.st_gid);
}

// True where the program would be started with AT_SECURE (getauxval(3)).
bool IsSecure(int fd, const struct stat& status) {
  const uid_t real_uid = RealUser();
  const bool gives = real_uid != 0 && sys::Call(SYS_fgetxattr, fd, Pointer(kCapability), 0, 0) > 0;
  if ((ChangesUser(status) || gives) && MayRaise(fd)) {
    return true;
  }
  return static_cast<uid_t>(sys::Call(SYS_geteuid)) != real_uid ||
         static_cast<gid_t>(sys::Call(SYS_getegid)) != RealGroup();
}

// A loader that is started by its name (`ld.so PROGRAM`, ldd(1)) looks like a static program, but
// it reads LD_PRELOAD.
bool IsLoader(const struct stat& status) {
#if defined(__x86_64__)
  constexpr const char* kLoaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"};
#elif defined(__aarch64__)
  constexpr const char* kLoaders[] = {"/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"};
#endif
  return std::any_of(std::begin(kLoaders), std::end(kLoaders), [&](const char* path) {
    struct stat loader;
    return sys::Call(SYS_newfstatat, AT_FDCWD, Pointer(path), Pointer(&loader), 0) == 0 &&
           loader.st_dev == status.st_dev && loader.st_ino == status.st_ino;
  });
}

// The interpreter that a script's first line names, terminated; false where there is none.
bool ReadInterpreter(std::string_view head, std::array<char, kScriptHead>* out) {
  head = head.substr(0, kScriptHead);
  if (!head.starts_with("#!")) {
    return false;
  }
  head = head.substr(2, head.find('\n') - 2);
  head.remove_prefix(std::min(head.find_first_not_of(" \t"), head.size()));
  head = head.substr(0, head.find_first_of(std::string_view(" \t\0", 3)));
  std::memcpy(out->data(), head.data(), head.size());
  (*out)[head.size()] = '\0';
  return !head.empty();
}

Entry EntryOfElf(ElfFile& file) {
  switch (file.ReadKind()) {
    case ElfFile::Kind::kForeign:
      return Entry::kForeign;
    case ElfFile::Kind::kBroken:
      return Entry::kUnreadable;
    case ElfFile::Kind::kGo:
      return Entry::kGo;
    case ElfFile::Kind::kStatic:
      return Entry::kStatic;
    case ElfFile::Kind::kDynamic:
      return Entry::kOpen;
  }
  return Entry::kUnreadable;
}

// The entry of the file open as `fd`; kNone with a text in `interpreter` where it is a script.
Entry EntryOf(int fd, std::array<char, kScriptHead>* interpreter) {
  (*interpreter)[0] = '\0';
  struct stat status;
  if (sys::Fstat(fd, &status) != 0) {
    return Entry::kUnreadable;
  }
  if (!S_ISREG(status.st_mode)) {
    return Entry::kNone;
  }
  ElfFile file(fd);
  if (!file.readable()) {
    return Entry::kUnreadable;
  }
  if (!file.is_elf()) {
    ReadInterpreter(file.head(), interpreter);
    return Entry::kNone;
  }
  if (IsSecure(fd, status)) {
    return Entry::kSetuid;
  }
  const Entry entry = EntryOfElf(file);
  return entry == Entry::kStatic && IsLoader(status) ? Entry::kOpen : entry;
}

Judgement JudgeFrom(int folder, const char* path, bool follow, int files_before) {
  Judgement out{Entry::kNone, files_before > 0};
  std::array<char, kScriptHead> interpreter;
  for (int files = files_before; files < kMaxFiles; ++files) {
    const int opened = OpenAt(folder, path, follow);
    const base::Fd fd(opened);
    if (opened == -ELOOP || !IsExecutable(folder, path)) {
      return {};
    }
    out.entry = fd.valid() ? EntryOf(fd.get(), &interpreter) : Entry::kUnreadable;
    if (out.entry != Entry::kNone || interpreter[0] == '\0') {
      return out;
    }
    out.script = true;
    folder = AT_FDCWD;
    path = interpreter.data();
    follow = true;
  }
  return {};
}

}  // namespace

Judgement Judge(int folder, const char* path, bool follow) {
  return JudgeFrom(folder, path, follow, 0);
}

Judgement JudgeDescriptor(int fd) {
  std::array<char, 32> name;
  base::TextWriter text(name);
  text.Append("/proc/self/fd/").AppendNumber(static_cast<uint64_t>(fd)).Append('\0');
  // What fd was opened for (O_PATH, O_WRONLY) is no matter to exec, but to read(2).
  const base::Fd opened(OpenAt(AT_FDCWD, name.data(), true));
  std::array<char, kScriptHead> interpreter;
  const Entry entry = EntryOf(opened.valid() ? opened.get() : fd, &interpreter);
  if (opened.valid() && !IsExecutable(AT_FDCWD, name.data())) {
    return {};
  }
  return entry == Entry::kNone && interpreter[0] != '\0'
             ? JudgeFrom(AT_FDCWD, interpreter.data(), true, 1)
             : Judgement{entry, false};
}

bool BringsRights(const char* path) {
  struct stat status;
  struct statfs mount;
  return sys::Call(SYS_newfstatat, AT_FDCWD, Pointer(path), Pointer(&status), 0) == 0 &&
         S_ISREG(status.st_mode) &&
         (ChangesUser(status) ||
          (RealUser() != 0 && sys::Call(SYS_getxattr, Pointer(path), Pointer(kCapability)) > 0)) &&
         (sys::Call(SYS_statfs, Pointer(path), Pointer(&mount)) != 0 ||
          (mount.f_flags & ST_NOSUID) == 0);
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
      return "runs with rights of its own (setuid, setgid or file capabilities)";
    case Entry::kUnreadable:
      return "can't be looked into";
    case Entry::kNone:
      return "is no program";
  }
  return "";
}

}  // namespace program
