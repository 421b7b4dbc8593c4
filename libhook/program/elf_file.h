// ElfFile: what a program file says of itself in its ELF headers.
//
// Reads by pread(2) through two small windows: in a program as linkers lay it out, the headers and
// notes are in its first 2 KB. Every number in the file may lie. Async-signal-safe.
#ifndef GOCHAIN_PROGRAM_ELF_FILE_H_
#define GOCHAIN_PROGRAM_ELF_FILE_H_

#include <elf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace program {

class ElfFile {
 public:
  enum class Kind : uint8_t {
    kDynamic,  // PT_INTERP: a loader starts it
    kStatic,
    kGo,       // a note or a section of Go's linker
    kForeign,  // another word size or machine
    kBroken,   // ends before its headers do
  };

  explicit ElfFile(int fd);  // borrowed

  bool readable() const { return size_ >= 0; }
  bool is_elf() const;
  // The file's first bytes. REQUIRES: before ReadKind().
  std::string_view head() const {
    return {window_.data(), size_ > 0 ? static_cast<size_t>(size_) : 0};
  }
  Kind ReadKind();  // REQUIRES: is_elf()

 private:
  bool Read(uint64_t offset, void* out, size_t size);
  bool HasGoNote(const Elf64_Phdr& segment);
  bool HasGoSection(const Elf64_Ehdr& header);

  int fd_;
  uint64_t start_ = 0;
  long size_ = 0;  // of what is in the window; < 0: -errno
  std::array<char, 2048> window_;
};

}  // namespace program

#endif  // GOCHAIN_PROGRAM_ELF_FILE_H_
