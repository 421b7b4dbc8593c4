#include "program/entry.h"

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "../temp_folder.h"
#include "base/fd.h"

namespace program {
namespace {

Entry EntryOf(const std::string& path) { return Judge(AT_FDCWD, path.c_str()).entry; }

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
  EXPECT_EQ(EntryOf("/proc/self/exe"), Entry::kOpen);
}

TEST_F(EntryTest, IsOpenForTheLoaderItself) {
#if defined(__x86_64__)
  EXPECT_EQ(EntryOf("/lib64/ld-linux-x86-64.so.2"), Entry::kOpen);
#else
  EXPECT_EQ(EntryOf("/lib/ld-linux-aarch64.so.1"), Entry::kOpen);
#endif
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
  EXPECT_TRUE(Judge(AT_FDCWD, script.c_str()).script);
  EXPECT_FALSE(Judge(AT_FDCWD, program.c_str()).script);
}

TEST_F(EntryTest, IsNoneWhereExecItselfFails) {
  EXPECT_EQ(EntryOf("/nonexistent"), Entry::kNone);
  EXPECT_EQ(EntryOf(folder_ / ""), Entry::kNone);
  EXPECT_EQ(EntryOf(File("bare", "echo no interpreter named\n")), Entry::kNone);
  EXPECT_EQ(EntryOf(File("empty", "")), Entry::kNone);
  EXPECT_EQ(EntryOf(File("orphan", "#!/nonexistent\n")), Entry::kNone);
  const std::string loop = folder_ / "loop";
  EXPECT_EQ(EntryOf(File("loop", "#!" + loop + "\n")), Entry::kNone);
  const std::string plain = File("plain", Elf({PT_LOAD}, kGnu));
  chmod(plain.c_str(), 0644);
  EXPECT_EQ(EntryOf(plain), Entry::kNone);
}

TEST_F(EntryTest, GoesAsDeepIntoScriptsAsTheKernel) {
  std::string file = File("0", Elf({PT_LOAD}, kGnu));
  for (const char* const name : {"1", "2", "3", "4", "5"}) {
    file = File(name, "#!" + file + "\n");
    EXPECT_EQ(EntryOf(file), Entry::kStatic) << name;
  }
  EXPECT_EQ(EntryOf(File("6", "#!" + file + "\n")), Entry::kNone);
}

TEST_F(EntryTest, GivesUpOnWhatItCannotRead) {
  EXPECT_EQ(EntryOf(File("cut", Elf({PT_LOAD, PT_INTERP}, kGnu).substr(0, 100))),
            Entry::kUnreadable);
  if (geteuid() == 0) {
    GTEST_SKIP() << "root may read everything";
  }
  const std::string closed = File("closed", Elf({PT_LOAD, PT_INTERP}, kGnu));
  chmod(closed.c_str(), 0111);
  EXPECT_EQ(EntryOf(closed), Entry::kUnreadable);
}

TEST_F(EntryTest, FindsGoByItsSectionWhereTheNoteIsLeftOut) {
  const auto with_section = [](const std::string& name) {
    std::string out = Elf({PT_INTERP, PT_NOTE}, kGnu);
    // Far enough back that it is a read of its own, and across the border of two pieces.
    const std::string names = std::string(505, 'x') + name + std::string(1, '\0');
    out.resize(5000);
    auto* const header = reinterpret_cast<Elf64_Ehdr*>(out.data());
    header->e_shnum = 2;
    header->e_shstrndx = 1;
    header->e_shoff = out.size() + names.size();
    Elf64_Shdr sections[2] = {};
    sections[1].sh_offset = out.size();
    sections[1].sh_size = names.size();
    return out + names + std::string(reinterpret_cast<const char*>(sections), sizeof sections);
  };
  EXPECT_EQ(EntryOf(File("go", with_section(".go.buildinfo"))), Entry::kGo);
  EXPECT_EQ(EntryOf(File("other", with_section(".go.buildings"))), Entry::kOpen);
}

TEST_F(EntryTest, SeesThatAProgramBringsRights) {
  const std::string file = File("program", Elf({PT_INTERP}, kGnu));
  if (geteuid() == 0) {
    ASSERT_EQ(chown(file.c_str(), 65534, 65534), 0);
  }
  chmod(file.c_str(), 06755);
  EXPECT_EQ(EntryOf(file), geteuid() == 0 ? Entry::kSetuid : Entry::kOpen);
}

TEST_F(EntryTest, SeesRightsThatAFileBrings) {
  const std::string file = File("plain", Elf({PT_LOAD, PT_INTERP}, kGnu));
  EXPECT_FALSE(BringsRights(file.c_str()));
  EXPECT_FALSE(BringsRights((folder_ / "missing").c_str()));
  EXPECT_FALSE(BringsRights(nullptr));
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can give a file to another user";
  }
  ASSERT_EQ(chown(file.c_str(), 65534, 65534), 0);
  chmod(file.c_str(), 0755);
  EXPECT_FALSE(BringsRights(file.c_str()));
  chmod(file.c_str(), 04755);
  EXPECT_TRUE(BringsRights(file.c_str()));
  chmod(file.c_str(), 02755);
  EXPECT_TRUE(BringsRights(file.c_str()));
  // Mandatory locking, once.
  chmod(file.c_str(), 02745);
  EXPECT_FALSE(BringsRights(file.c_str()));
}

TEST_F(EntryTest, JudgesADescriptorHoweverItWasOpened) {
  const std::string program = File("static", Elf({PT_LOAD}, kGnu));
  const std::string script = File("script", "#!" + program + "\n");
  for (const int flags : {O_RDONLY, O_PATH}) {
    const base::Fd of_program(sys::Open(program.c_str(), flags));
    const base::Fd of_script(sys::Open(script.c_str(), flags));
    EXPECT_EQ(JudgeDescriptor(of_program.get()).entry, Entry::kStatic);
    EXPECT_EQ(JudgeDescriptor(of_script.get()).entry, Entry::kStatic);
    EXPECT_TRUE(JudgeDescriptor(of_script.get()).script);
  }
  EXPECT_EQ(JudgeDescriptor(-1).entry, Entry::kUnreadable);
}

TEST_F(EntryTest, TakesNoSymbolicLinkWhereNoneIsWanted) {
  const std::string program = File("static", Elf({PT_LOAD}, kGnu));
  const std::string link = folder_ / "link";
  ASSERT_EQ(symlink(program.c_str(), link.c_str()), 0);
  EXPECT_EQ(EntryOf(link), Entry::kStatic);
  EXPECT_EQ(Judge(AT_FDCWD, link.c_str(), false).entry, Entry::kNone);
}

TEST_F(EntryTest, SurvivesANoteThatLies) {
  std::string bytes = Elf({PT_NOTE}, kGnu);
  const size_t note = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  std::memset(&bytes[note], 0xff, 8);
  EXPECT_EQ(EntryOf(File("lies", bytes)), Entry::kStatic);
}

}  // namespace
}  // namespace program
