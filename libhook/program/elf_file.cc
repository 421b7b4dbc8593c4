#include "program/elf_file.h"

#include <algorithm>
#include <cstring>

#include "base/syscalls.h"

namespace program {
namespace {

constexpr size_t kMaxSegments = 128;
constexpr size_t kMaxNotes = 64;
// The names of a program's sections; far more than any linker writes for a few dozen of them.
constexpr uint64_t kMaxSectionNames = 64 * 1024;

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#endif

uint64_t Padded(uint64_t bytes) { return (bytes + 3) & ~uint64_t{3}; }

}  // namespace

ElfFile::ElfFile(int fd) : fd_(fd) { size_ = sys::Pread(fd_, window_.data(), window_.size(), 0); }

bool ElfFile::is_elf() const {
  return size_ >= static_cast<long>(sizeof(Elf64_Ehdr)) &&
         std::memcmp(window_.data(), ELFMAG, SELFMAG) == 0;
}

bool ElfFile::Read(uint64_t offset, void* out, size_t size) {
  const auto holds = [&] {
    return size_ >= 0 && offset >= start_ && offset - start_ <= static_cast<uint64_t>(size_) &&
           static_cast<uint64_t>(size_) - (offset - start_) >= size;
  };
  if (!holds()) {
    start_ = offset;
    size_ = sys::Pread(fd_, window_.data(), window_.size(), static_cast<int64_t>(offset));
    if (!holds()) {
      return false;
    }
  }
  std::memcpy(out, window_.data() + (offset - start_), size);
  return true;
}

ElfFile::Kind ElfFile::ReadKind() {
  Elf64_Ehdr header;
  if (!Read(0, &header, sizeof header)) {
    return Kind::kBroken;
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachine) {
    return Kind::kForeign;
  }
  bool loader = false;
  for (size_t i = 0; i < std::min<size_t>(header.e_phnum, kMaxSegments); ++i) {
    Elf64_Phdr segment;
    if (!Read(header.e_phoff + i * sizeof segment, &segment, sizeof segment)) {
      return Kind::kBroken;
    }
    loader = loader || segment.p_type == PT_INTERP;
    if (segment.p_type == PT_NOTE && HasGoNote(segment)) {
      return Kind::kGo;
    }
  }
  if (!loader) {
    return Kind::kStatic;
  }
  return HasGoSection(header) ? Kind::kGo : Kind::kDynamic;
}

// Go's linker leaves a note of owner "Go" (its build id) in every program, unless told not to.
bool ElfFile::HasGoNote(const Elf64_Phdr& segment) {
  uint64_t at = segment.p_offset;
  const uint64_t end = segment.p_offset + segment.p_filesz;
  for (size_t notes = 0; notes < kMaxNotes && at < end; ++notes) {
    Elf64_Nhdr note;
    char owner[4];
    if (!Read(at, &note, sizeof note)) {
      return false;
    }
    if (note.n_namesz == sizeof owner && Read(at + sizeof note, owner, sizeof owner) &&
        std::memcmp(owner, "Go\0", sizeof owner) == 0) {
      return true;
    }
    at += sizeof note + Padded(note.n_namesz) + Padded(note.n_descsz);
  }
  return false;
}

// Where `-ldflags=-buildid=` left the note out, the build information (go version -m) is there: its
// section's name is looked for among the names, which strip(1) keeps.
bool ElfFile::HasGoSection(const Elf64_Ehdr& header) {
  constexpr std::string_view kName(".go.buildinfo\0", 14);
  Elf64_Shdr names;
  if (header.e_shnum == 0 ||
      !Read(header.e_shoff + uint64_t{header.e_shstrndx} * sizeof names, &names, sizeof names)) {
    return false;
  }
  const uint64_t size = std::min<uint64_t>(names.sh_size, kMaxSectionNames);
  std::array<char, 512> piece;
  // Pieces overlap, so that a name across their border is seen.
  for (uint64_t at = 0; at + kName.size() <= size; at += piece.size() - kName.size()) {
    const auto length = static_cast<size_t>(std::min<uint64_t>(piece.size(), size - at));
    if (!Read(names.sh_offset + at, piece.data(), length)) {
      return false;
    }
    if (std::string_view(piece.data(), length).find(kName) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace program
