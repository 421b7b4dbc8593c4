#include "engine/list_maps.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "../config/rules_text.h"
#include "../temp_folder.h"
#include "engine/session.h"
#include "rules/rules.h"

namespace engine {
namespace {

// A session with two lists; each test's process is the one that holds them.
class ListMapsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "a.txt") << "a.example\n";
    std::ofstream(folder_ / "b.txt") << ".b.example\n";
    config::Inputs inputs;
    std::ofstream(folder_ / "rules.conf")
        << "[rules]\nreject = @file:a.txt\nreject = @file:b.txt\n";
    inputs.file = folder_ / "rules.conf";
    built_ = config::Build(inputs);
    ASSERT_EQ(built_.lists.size(), 2u);
    auto created = Session::Create({}, built_.image, built_.lists);
    ASSERT_TRUE(created.ok());
    fd_ = std::move(created->fd);
  }

  static std::string Path(int fd) {
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd);
  }

  // What a process that opens `state` rejects of three names.
  static std::string Rejected(const std::string& state) {
    auto session = Session::Open(state.c_str());
    if (!session.ok()) {
      return session.error().what;
    }
    std::string out;
    for (const char* const name : {"a.example", "x.b.example", "c.example"}) {
      rules::Query query;
      query.name = name;
      query.port = 1;
      out += rules::Decide(session->config(), query).reason == rules::Reason::kRule ? name[0] : '-';
    }
    return out;
  }

  TempFolder folder_;
  config::Built built_;
  base::Fd fd_;
};

TEST_F(ListMapsTest, GivesAnotherProcessTheLists) {
  const std::string state = Path(fd_.get());
  const pid_t child = fork();
  if (child == 0) {
    for (const config::ListImage& list : built_.lists) {
      close(list.fd.get());
    }
    close(fd_.get());
    _exit(Rejected(state) == "ax-" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(ListMapsTest, LeavesNoDescriptor) {
  const int before = dup(0);
  close(before);
  EXPECT_EQ(Rejected(Path(fd_.get())), "ax-");
  const int after = dup(0);
  close(after);
  EXPECT_EQ(before, after);
}

// A process without one of the lists would let out what it names.
TEST_F(ListMapsTest, RefusesTheStateWithoutAList) {
  built_.lists[1].fd.Reset();
  EXPECT_FALSE(Session::Open(Path(fd_.get()).c_str()).ok());
}

TEST_F(ListMapsTest, RefusesAnotherFileInAListsPlace) {
  const int number = built_.lists[1].fd.get();
  ASSERT_EQ(dup2(fd_.get(), number), number);
  EXPECT_EQ(Rejected(Path(fd_.get())), "open of a list");
}

TEST_F(ListMapsTest, RefusesMoreOrFewerListsThanTheRulesHave) {
  built_.lists.pop_back();
  EXPECT_FALSE(Session::Create({}, built_.image, built_.lists).ok());
}

TEST_F(ListMapsTest, RefusesAnImageThatIsNone) {
  const std::vector<uint8_t> zeros(built_.lists[0].size);
  built_.lists[0] = config::AnonymousListImage(zeros);
  EXPECT_FALSE(Session::Create({}, built_.image, built_.lists).ok());
}

}  // namespace
}  // namespace engine
