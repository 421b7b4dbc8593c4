#include "chain/flight_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "../temp_folder.h"
#include "config/image_writer.h"

namespace chain {
namespace {

using config::ProxyType;
using protocol::Socks5Method;
using Answer = FlightTable::Answer;
using Feat = FlightTable::Feat;

constexpr int64_t kNowS = 1'800'000'000;
constexpr int64_t kDayS = 24 * 3600;
constexpr FlightTable::Knowledge kKnown{Answer::kYes, Answer::kNo, Socks5Method::kPassword};

struct Entry {
  ProxyType type = ProxyType::kSocks5;
  std::string host = "a.example";
  uint16_t port = 1080;
  std::string user = {};
  std::string password = {};
};

// A run with these proxies.
class Proxies {
 public:
  explicit Proxies(const std::vector<Entry>& proxies)
      : words_(FlightTable::RegionSize(proxies.size()) / 8) {
    config::ImageWriter writer;
    for (const Entry& entry : proxies) {
      config::Proxy proxy;
      proxy.name = writer.AddText("p" + std::to_string(++count_));
      proxy.type = entry.type;
      proxy.host = writer.AddText(entry.host);
      proxy.port = entry.port;
      proxy.user = writer.AddText(entry.user);
      proxy.password = writer.AddText(entry.password);
      writer.AddProxy(proxy);
    }
    image_ = writer.Finish();
    config_ = config::Config::FromImage(image_).value();
    table_ =
        FlightTable({reinterpret_cast<uint8_t*>(words_.data()), words_.size() * 8}, proxies.size());
  }

  const config::Config& config() const { return config_; }
  FlightTable& table() { return table_; }
  void Learn(size_t proxy) {
    table_.Note(proxy, Feat::kOwnMessages, true);
    table_.Note(proxy, Feat::kPassesOn, false);
    table_.NoteMethod(proxy, Socks5Method::kPassword);
  }

 private:
  int count_ = 0;
  std::vector<uint64_t> words_;
  std::vector<uint8_t> image_;
  config::Config config_;
  FlightTable table_;
};

class FlightFileTest : public testing::Test {
 protected:
  std::string Path() const { return folder_ / "cache/gochain/pipelining"; }
  FlightFile File() const { return FlightFile(folder_ / "cache/gochain"); }

  bool Learned(const std::vector<Entry>& proxies, int64_t now_s = kNowS) {
    Proxies run(proxies);
    for (size_t i = 0; i < proxies.size(); ++i) run.Learn(i);
    return File().Save(run.config(), now_s, run.table());
  }
  FlightTable::Knowledge Known(const Entry& proxy, int64_t now_s = kNowS) {
    Proxies run({proxy});
    File().Load(run.config(), now_s, run.table());
    EXPECT_FALSE(run.table().HasNews(0));
    return run.table().Of(0);
  }
  std::string Bytes() const {
    std::ifstream in(Path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Write(const std::string& bytes) {
    std::ofstream(Path(), std::ios::binary | std::ios::trunc) << bytes;
  }

  TempFolder folder_;
};

TEST_F(FlightFileTest, TellsLaterRunsOfTheSameProxy) {
  ASSERT_TRUE(Learned({Entry(), {.host = "b.example"}}));
  EXPECT_EQ(Known({}), kKnown);
  EXPECT_EQ(Known({.host = "b.example"}), kKnown);
  EXPECT_EQ(Known({.password = "other"}), kKnown) << "whatever the password";
}

TEST_F(FlightFileTest, TellsNothingOfOthers) {
  ASSERT_TRUE(Learned({{.user = "alice"}}));
  const Entry others[] = {{},
                          {.user = "bob"},
                          {.port = 1081, .user = "alice"},
                          {.host = "b.example", .user = "alice"},
                          {.type = ProxyType::kHttp, .user = "alice"}};
  for (const Entry& other : others) EXPECT_TRUE(Known(other).is_empty());
}

TEST_F(FlightFileTest, IsPrivateAndNamesNobody) {
  ASSERT_TRUE(Learned({{.user = "alice", .password = "secret"}}));
  struct stat status;
  ASSERT_EQ(stat(Path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((folder_ / "cache/gochain").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  for (const char* const word : {"alice", "secret", "a.example"}) {
    EXPECT_EQ(Bytes().find(word), std::string::npos);
  }
}

TEST_F(FlightFileTest, ForgetsAfterThirtyDays) {
  ASSERT_TRUE(Learned({Entry()}));
  EXPECT_EQ(Known({}, kNowS + 30 * kDayS - 1), kKnown);
  EXPECT_TRUE(Known({}, kNowS + 30 * kDayS).is_empty());
  EXPECT_TRUE(Known({}, kNowS - 1).is_empty()) << "a clock that was set back";
}

TEST_F(FlightFileTest, KeepsWhatOtherRunsHaveWrittenMeanwhile) {
  Proxies late({Entry()});
  late.Learn(0);
  ASSERT_TRUE(Learned({{.host = "b.example"}}));
  ASSERT_TRUE(File().Save(late.config(), kNowS, late.table()));
  EXPECT_FALSE(late.table().HasNews(0));
  EXPECT_EQ(Known({}), kKnown);
  EXPECT_EQ(Known({.host = "b.example"}), kKnown);
}

TEST_F(FlightFileTest, IsWrittenOnlyForNews) {
  Proxies idle({Entry()});
  EXPECT_FALSE(File().Save(idle.config(), kNowS, idle.table()));
  EXPECT_NE(access(Path().c_str(), F_OK), 0);
  ASSERT_TRUE(Learned({Entry()}));
  EXPECT_FALSE(Learned({Entry()}, kNowS + kDayS - 1));
  EXPECT_TRUE(Learned({Entry()}, kNowS + kDayS));
  EXPECT_EQ(Known({}, kNowS + 31 * kDayS - 1), kKnown) << "its time begins anew";
  Proxies other({Entry()});
  other.Learn(0);
  other.table().Note(0, Feat::kOwnMessages, false);
  EXPECT_TRUE(File().Save(other.config(), kNowS + kDayS, other.table()));
  EXPECT_EQ(Known({}, kNowS + kDayS).own, Answer::kNo);
}

TEST_F(FlightFileTest, MakesRoomByTheOldest) {
  std::vector<Entry> many;
  for (size_t i = 0; i < kMaxFlightRecords; ++i) {
    many.push_back({.host = "h" + std::to_string(i) + ".example"});
  }
  ASSERT_TRUE(Learned({{.host = "old.example"}}, kNowS - kDayS));
  ASSERT_TRUE(Learned(many));
  EXPECT_TRUE(Known({.host = "old.example"}).is_empty());
  EXPECT_EQ(Known(many.front()), kKnown);
  EXPECT_EQ(Known(many.back()), kKnown);
}

TEST_F(FlightFileTest, BelievesNothingThatIsCut) {
  ASSERT_TRUE(Learned({Entry()}));
  const std::string whole = Bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    Write(whole.substr(0, size));
    EXPECT_TRUE(Known({}).is_empty()) << size;
  }
  Write(whole + "x");
  EXPECT_TRUE(Known({}).is_empty());
}

TEST_F(FlightFileTest, PassesOverRecordsThatCannotBe) {
  ASSERT_TRUE(Learned({Entry()}));
  const std::string whole = Bytes();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(0xff);
    Write(bad);
    Proxies run({Entry()});
    File().Load(run.config(), kNowS, run.table());
    const FlightTable::Knowledge known = run.table().Of(0);
    EXPECT_TRUE(known.is_empty() || known == kKnown) << at;
  }
}

TEST_F(FlightFileTest, ReadsNoFileThatIsNotTheUsersAlone) {
  ASSERT_TRUE(Learned({Entry()}));
  ASSERT_EQ(chmod(Path().c_str(), 0622), 0);
  EXPECT_TRUE(Known({}).is_empty());
  ASSERT_EQ(chmod(Path().c_str(), 0600), 0);
  EXPECT_EQ(Known({}), kKnown);
  const std::string other = folder_ / "cache/gochain/other";
  ASSERT_EQ(rename(Path().c_str(), other.c_str()), 0);
  ASSERT_EQ(symlink(other.c_str(), Path().c_str()), 0);
  EXPECT_TRUE(Known({}).is_empty());
  ASSERT_EQ(unlink(Path().c_str()), 0);
  ASSERT_EQ(mkfifo(Path().c_str(), 0600), 0);
  EXPECT_TRUE(Known({}).is_empty());
  ASSERT_EQ(unlink(Path().c_str()), 0);
  ASSERT_EQ(rename(other.c_str(), Path().c_str()), 0);
  ASSERT_EQ(chmod((folder_ / "cache/gochain").c_str(), 0777), 0);
  EXPECT_TRUE(Known({}).is_empty());
}

TEST_F(FlightFileTest, IsNowhereWithoutAFolder) {
  Proxies run({Entry()});
  run.Learn(0);
  for (const std::string& folder :
       {std::string(), std::string("cache"), std::string("/proc/gochain/x")}) {
    const FlightFile file(folder);
    EXPECT_FALSE(file.Save(run.config(), kNowS, run.table())) << folder;
    file.Load(run.config(), kNowS, run.table());
  }
  EXPECT_EQ(run.table().Of(0), kKnown);
}

}  // namespace
}  // namespace chain
