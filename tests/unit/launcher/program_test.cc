#include "process/program.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "../temp_folder.h"

namespace process {
namespace {

class EntryTest : public testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& bytes) {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    chmod(path.c_str(), 0755);
    return path;
  }

  // A program that is nothing but its headers and one note.
  static std::string Elf(const std::vector<Elf64_Word>& segments, const std::string& note_owner,
                         unsigned char word_size = ELFCLASS64) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = word_size;
#if defined(__x86_64__)
    header.e_machine = EM_X86_64;
#else
    header.e_machine = EM_AARCH64;
#endif
    header.e_phoff = sizeof header;
    header.e_phnum = static_cast<Elf64_Half>(segments.size());
    Elf64_Nhdr note{static_cast<Elf64_Word>(note_owner.size()), 4, 4};
    std::string notes(reinterpret_cast<const char*>(&note), sizeof note);
    notes += note_owner + "abcd";
    std::string out(reinterpret_cast<const char*>(&header), sizeof header);
    for (const Elf64_Word type : segments) {
      Elf64_Phdr segment{};
      segment.p_type = type;
      segment.p_offset = sizeof header + segments.size() * sizeof segment;
      segment.p_filesz = notes.size();
      out.append(reinterpret_cast<const char*>(&segment), sizeof segment);
    }
    return out + notes;
  }

  TempFolder folder_;
};

const std::string kGnu("GNU\0", 4);
const std::string kGo("Go\0\0", 4);

TEST_F(EntryTest, IsOpenWhereThereIsALoader) {
  EXPECT_EQ(EntryOf(File("dynamic", Elf({PT_LOAD, PT_INTERP, PT_NOTE}, kGnu))), Entry::kOpen);
  EXPECT_EQ(EntryOf("/bin/sh"), Entry::kOpen);
}

TEST_F(EntryTest, TellsStaticGoAndForeignPrograms) {
  EXPECT_EQ(EntryOf(File("static", Elf({PT_LOAD, PT_NOTE}, kGnu))), Entry::kStatic);
  EXPECT_EQ(EntryOf(File("go", Elf({PT_LOAD, PT_NOTE}, kGo))), Entry::kGo);
  EXPECT_EQ(EntryOf(File("cgo", Elf({PT_INTERP, PT_NOTE}, kGo))), Entry::kGo);
  EXPECT_EQ(EntryOf(File("i386", Elf({PT_INTERP}, kGnu, ELFCLASS32))), Entry::kForeign);
}

TEST_F(EntryTest, LooksThroughScriptsToTheirInterpreter) {
  const std::string program = File("interpreter", Elf({PT_LOAD}, kGnu));
  const std::string script = File("script", "#! \t" + program + " -x\nbody\n");
  EXPECT_EQ(EntryOf(script), Entry::kStatic);
  EXPECT_EQ(EntryOf(File("outer", "#!" + script + "\n")), Entry::kStatic);
  EXPECT_EQ(EntryOf(File("bare", "echo no interpreter named\n")), Entry::kOpen);
}

TEST_F(EntryTest, GivesUpOnWhatItCannotRead) {
  EXPECT_EQ(EntryOf("/nonexistent"), Entry::kUnreadable);
  const std::string loop = folder_ / "loop";
  EXPECT_EQ(EntryOf(File("loop", "#!" + loop + "\n")), Entry::kUnreadable);
  EXPECT_EQ(EntryOf(File("cut", Elf({PT_LOAD, PT_INTERP}, kGnu).substr(0, 100))),
            Entry::kUnreadable);
}

TEST_F(EntryTest, SurvivesANoteThatLies) {
  std::string bytes = Elf({PT_NOTE}, kGnu);
  const size_t note = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  std::memset(&bytes[note], 0xff, 8);
  EXPECT_EQ(EntryOf(File("lies", bytes)), Entry::kStatic);
}

TEST(FindProgramTest, SearchesThePathAsExecDoes) {
  const TempFolder temporary;
  const std::string folder = temporary / "path";
  ASSERT_EQ(mkdir(folder.c_str(), 0755), 0);
  std::ofstream(folder + "/tool") << "#!/bin/sh\n";
  std::ofstream(folder + "/plain") << "data\n";
  chmod((folder + "/tool").c_str(), 0755);
  const std::string old = std::getenv("PATH");
  setenv("PATH", ("/nonexistent:" + folder).c_str(), 1);
  EXPECT_EQ(FindProgram("tool"), folder + "/tool");
  EXPECT_EQ(FindProgram("plain"), "");
  EXPECT_EQ(FindProgram("./tool"), "./tool");
  setenv("PATH", old.c_str(), 1);
}

}  // namespace
}  // namespace process
