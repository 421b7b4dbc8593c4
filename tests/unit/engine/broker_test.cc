#include "engine/broker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd_message.h"
#include "config/builder.h"
#include "config/image.h"

namespace engine {
namespace {

using Outcome = BrokerSearch::Outcome;

// One user's rules; each test has names of its own, by its process number.
struct Rules {
  explicit Rules(const std::string& password, const std::string& host = "proxy.example") {
    config::Inputs inputs;
    inputs.proxy_urls = {"socks5://alice:" + password + "@" + host + ":" +
                         std::to_string(1024 + getpid() % 60000)};
    image = config::Build(inputs).image;
    config = config::Config::FromImage(image).value();
  }

  uint64_t hash() const { return RulesHash(config, image); }
  BrokerSearch Search() const { return BrokerSearch(config, image); }

  std::vector<uint8_t> image;
  config::Config config;
};

// Answers `count` clients as a broker does, in a thread.
std::thread Answer(const base::Fd& listener, const base::Fd& region, int count,
                   uint64_t magic = kBrokerMagic) {
  return std::thread([&listener, &region, count, magic] {
    for (int i = 0; i < count; ++i) {
      pollfd watched{listener.get(), POLLIN, 0};
      poll(&watched, 1, 5000);
      const base::Fd client(accept(listener.get(), nullptr, nullptr));
      base::SendMessage(client.get(), magic, region.get());
    }
  });
}

TEST(RulesHashTest, SaysNothingOfPasswords) {
  EXPECT_EQ(Rules("secret").hash(), Rules("public").hash());
  EXPECT_NE(Rules("secret").hash(), Rules("secret", "other.example").hash());
}

TEST(RulesHashTest, IsThatOfAllTheRestOfTheText) {
  Rules rules("secret");
  const uint64_t before = rules.hash();
  config::ImageHeader header;
  std::memcpy(&header, rules.image.data(), sizeof header);
  const config::ImageLayout layout = config::LayoutOf(header);
  size_t told = 0;
  for (size_t at = layout.text; at < layout.end; ++at) {
    rules.image[at] ^= 1;
    told += rules.hash() != before ? 1 : 0;
    rules.image[at] ^= 1;
  }
  EXPECT_EQ(told, header.text_size - std::string_view("secret").size());
}

TEST(BrokerSearchTest, StartsWhereThereIsNoneAndFindsItThen) {
  const Rules rules("secret");
  auto first = rules.Search();
  ASSERT_EQ(first.Run(), Outcome::kStart);
  std::thread broker = Answer(first.listener(), first.region(), 1);
  auto second = rules.Search();
  EXPECT_EQ(second.Run(), Outcome::kFound);
  broker.join();
  EXPECT_EQ(second.broker(), getpid());
  struct stat one, other;
  ASSERT_EQ(fstat(first.region().get(), &one), 0);
  ASSERT_EQ(fstat(second.region().get(), &other), 0);
  EXPECT_EQ(one.st_ino, other.st_ino);
}

TEST(BrokerSearchTest, FindsNoneWhoseStarterHasGoneAway) {
  const Rules rules("secret");
  {
    auto first = rules.Search();
    ASSERT_EQ(first.Run(), Outcome::kStart);
  }
  EXPECT_EQ(rules.Search().Run(), Outcome::kStart);
}

TEST(BrokerSearchTest, WaitsForOneThatIsBeingStarted) {
  const Rules rules("secret");
  auto first = rules.Search();
  ASSERT_EQ(first.Run(), Outcome::kStart);
  std::thread late([&] {
    usleep(100 * 1000);
    Answer(first.listener(), first.region(), 1).join();
  });
  EXPECT_EQ(rules.Search().Run(), Outcome::kFound);
  late.join();
}

TEST(BrokerSearchTest, StartsTheNextWhereOneEndsWhenItIsAsked) {
  const Rules rules("secret");
  auto first = rules.Search();
  ASSERT_EQ(first.Run(), Outcome::kStart);
  std::thread end([&] {
    pollfd watched{first.listener().get(), POLLIN, 0};
    poll(&watched, 1, 5000);
    first.listener().Reset();
  });
  EXPECT_EQ(rules.Search().Run(), Outcome::kStart);
  end.join();
}

TEST(BrokerSearchTest, TakesAnotherNameThanOneWithOtherRulesAndTheSameHash) {
  const Rules rules("secret");
  const Rules others("public");
  ASSERT_EQ(rules.hash(), others.hash());
  auto first = rules.Search();
  ASSERT_EQ(first.Run(), Outcome::kStart);
  std::thread asked = Answer(first.listener(), first.region(), 1);
  auto second = others.Search();
  ASSERT_EQ(second.Run(), Outcome::kStart);
  asked.join();
  // And is found behind it, even where the first is gone.
  first.listener().Reset();
  std::thread broker = Answer(second.listener(), second.region(), 1);
  EXPECT_EQ(others.Search().Run(), Outcome::kFound);
  broker.join();
}

TEST(BrokerSearchTest, DoesNotBelieveAnotherBuild) {
  const Rules rules("secret");
  auto first = rules.Search();
  ASSERT_EQ(first.Run(), Outcome::kStart);
  std::thread broker = Answer(first.listener(), first.region(), 1, kBrokerMagic + 1);
  EXPECT_EQ(rules.Search().Run(), Outcome::kStart);
  broker.join();
}

TEST(BrokerSearchTest, DoesNotBelieveASealedRegion) {
  const Rules rules("secret");
  auto first = rules.Search();
  ASSERT_EQ(first.Run(), Outcome::kStart);
  ASSERT_EQ(fcntl(first.region().get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
  std::thread broker = Answer(first.listener(), first.region(), 1);
  EXPECT_EQ(rules.Search().Run(), Outcome::kStart);
  broker.join();
}

// As another user: in a child, which takes that user's name for itself and answers with the very
// region.
TEST(BrokerSearchTest, DoesNotBelieveAnotherUser) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const Rules rules("secret");
  auto first = rules.Search();
  ASSERT_EQ(first.Run(), Outcome::kStart);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t squatter = fork();
  if (squatter == 0) {
    alarm(20);
    // listen(2) says who is believed to be there.
    if (setresuid(65534, 65534, 65534) != 0 || listen(first.listener().get(), 8) != 0 ||
        write(ends[1], "x", 1) != 1) {
      _exit(1);
    }
    Answer(first.listener(), first.region(), 1).join();
    _exit(0);
  }
  char byte;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  auto second = rules.Search();
  EXPECT_EQ(second.Run(), Outcome::kStart);
  kill(squatter, SIGKILL);
  waitpid(squatter, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
}

TEST(BrokerSearchTest, StartsNoneForWhomItWouldBeAChild) {
  const Rules rules("secret");
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    auto search = rules.Search();
    _exit(search.Run() == Outcome::kNone && search.why()[0] == '\0' ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace engine
