#include "engine/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "config/builder.h"
#include "config/image_writer.h"

namespace engine {
namespace {

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    config::Inputs inputs;
    inputs.proxy_urls = {"socks5://proxy.example"};
    const auto built = config::Build(inputs);
    ASSERT_TRUE(built.diagnostics.empty());
    Settings settings;
    settings.cookie = 0x1234;
    auto created = Session::Create(settings, built.image, built.lists);
    ASSERT_TRUE(created.ok());
    session_ = created->session;
    fd_ = std::move(created->fd);
  }

  std::string Path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

  // The region's first bytes, for tests that spoil them.
  uint64_t* Words() {
    void* const memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    return static_cast<uint64_t*>(memory);
  }

  Session session_;
  base::Fd fd_;
};

TEST_F(SessionTest, IsTheSameForAProcessThatOpensIt) {
  auto other = Session::Open(Path().c_str());
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->settings().cookie, 0x1234u);
  EXPECT_EQ(other->config().proxies().size(), 1u);
  const auto address = session_.names().AddressOf("pkg.example");
  ASSERT_TRUE(address);
  EXPECT_EQ(other->names().NameOf(*address)->name(), "pkg.example");
  const base::Endpoint actual(*base::IpAddress::Parse("127.0.0.1"), 1080);
  session_.peers().Put(42, actual, base::Endpoint(*address, 443));
  EXPECT_EQ(other->peers().Find(42, actual), base::Endpoint(*address, 443));
}

TEST_F(SessionTest, SharesTheAddressesOfAProxysName) {
  auto other = Session::Open(Path().c_str());
  ASSERT_TRUE(other.ok());
  Addresses found;
  EXPECT_EQ(other->HopAddresses(0, &found), 0u);
  const base::IpAddress known[] = {*base::IpAddress::Parse("192.0.2.1"),
                                   *base::IpAddress::Parse("2001:db8::1")};
  session_.SetHopAddresses(0, known);
  ASSERT_EQ(other->HopAddresses(0, &found), 2u);
  EXPECT_EQ(found[0], known[0]);
  EXPECT_EQ(found[1], known[1]);
  EXPECT_EQ(other->HopAddresses(1, &found), 0u);
}

// A run within the run of the fixture, or a library alone that shares a broker's region.
class BorrowingSessionTest : public SessionTest {
 protected:
  base::Result<Session::Created> Inner(bool lends_relay,
                                       const char* url = "socks5://proxy.example") {
    config::Inputs inputs;
    inputs.proxy_urls = {url};
    const auto built = config::Build(inputs);
    Settings settings;
    settings.cookie = 0x5678;
    return Session::Create(settings, built.image, built.lists, {fd_.get(), lends_relay});
  }

  const base::IpAddress address_ = *base::IpAddress::Parse("192.0.2.7");
};

TEST_F(BorrowingSessionTest, KnowsWhatTheLenderKnows) {
  auto inner = Inner(true);
  ASSERT_TRUE(inner.ok());
  EXPECT_EQ(inner->session.settings().cookie, 0x5678u);
  EXPECT_EQ(session_.settings().cookie, 0x1234u);
  const auto made_up = session_.names().AddressOf("pkg.example");
  EXPECT_EQ(inner->session.names().NameOf(*made_up)->name(), "pkg.example");
  session_.answers().Put(address_, "direct.example");
  EXPECT_EQ(inner->session.AnsweredName(address_)->name(), "direct.example");
  chain::HealthTable health = inner->session.health();
  EXPECT_TRUE(health.Failed(0, health.See(0), 1));
  EXPECT_FALSE(session_.health().See(0).is_alive());
  const base::Endpoint actual(address_, 1080);
  inner->session.peers().Put(42, actual, base::Endpoint(*made_up, 443));
  EXPECT_EQ(session_.peers().Find(42, actual), base::Endpoint(*made_up, 443));
  const base::IpAddress known[] = {address_};
  session_.SetHopAddresses(0, known);
  Addresses found;
  EXPECT_EQ(inner->session.HopAddresses(0, &found), 1u);
}

TEST_F(BorrowingSessionTest, SaysWithTheLenderWhatIsSaidOnce) {
  auto inner = Inner(false);
  ASSERT_TRUE(inner.ok());
  EXPECT_TRUE(inner->session.said().TakeTurn(SaidOnce::kDaemon));
  EXPECT_FALSE(session_.said().TakeTurn(SaidOnce::kDaemon));
  EXPECT_TRUE(session_.said().TakeTurn(SaidOnce::kOtherRules));
}

TEST_F(BorrowingSessionTest, TakesTheRelayWithTheTablesOrHasItsOwn) {
  auto with = Inner(true);
  auto without = Inner(false);
  ASSERT_TRUE(with.ok() && without.ok());
  ASSERT_TRUE(session_.relay().Claim(0, 1));
  session_.relay().Publish({.port = 4711, .has_v6 = true, .request = {}, .reply = {}});
  EXPECT_TRUE(with->session.relay().Find().has_value());
  EXPECT_FALSE(without->session.relay().Find().has_value());
}

TEST_F(BorrowingSessionTest, IsTheSameForAProcessThatOpensIt) {
  auto inner = Inner(true);
  ASSERT_TRUE(inner.ok());
  const std::string path = "/proc/self/fd/" + std::to_string(inner->fd.get());
  auto other = Session::Open(path.c_str());
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->settings().cookie, 0x5678u);
  const auto made_up = session_.names().AddressOf("pkg.example");
  ASSERT_TRUE(other->names().NameOf(*made_up).has_value());
  // And one within that.
  const base::Fd tables(Session::OpenTables(path.c_str()));
  ASSERT_TRUE(tables.valid());
  auto third = Session::OpenWithoutLists(tables.get());
  ASSERT_TRUE(third.ok());
  EXPECT_TRUE(third->names().NameOf(*made_up).has_value());
  // The lender is gone: nothing is made up instead.
  const base::Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  ASSERT_GE(dup2(null.get(), fd_.get()), 0);
  EXPECT_FALSE(Session::Open(path.c_str()).ok());
}

TEST_F(BorrowingSessionTest, RefusesTablesOfOtherRules) {
  EXPECT_FALSE(Inner(true, "socks5://other.example").ok());
  EXPECT_FALSE(Inner(true, "http://proxy.example").ok());
  EXPECT_TRUE(Inner(true).ok());
  EXPECT_TRUE(Session::CanLend(fd_.get(), session_.config_image()));
  Words()[0] ^= 0xff;
  EXPECT_FALSE(Session::CanLend(fd_.get(), session_.config_image()));
  EXPECT_FALSE(Session::CanLend(-1, session_.config_image()));
}

TEST_F(BorrowingSessionTest, RemembersWhatAProgramWasToldBefore) {
  auto tables = Session::CreateTables(session_.config_image());
  ASSERT_TRUE(tables.ok());
  session_.answers().Put(address_, "direct.example");
  ASSERT_FALSE(session_.borrows());
  ASSERT_TRUE(session_.Borrow({tables->get(), true}).ok());
  EXPECT_TRUE(session_.borrows());
  EXPECT_EQ(session_.AnsweredName(address_)->name(), "direct.example");
  // What all share is newer.
  session_.answers().Put(address_, "newer.example");
  EXPECT_EQ(session_.AnsweredName(address_)->name(), "newer.example");
}

TEST_F(BorrowingSessionTest, BorrowsOnceWhateverManyThreadsDo) {
  auto first = Session::CreateTables(session_.config_image());
  auto second = Session::CreateTables(session_.config_image());
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(session_.Borrow({first->get(), true}).ok());
  session_.answers().Put(address_, "a.example");
  ASSERT_TRUE(session_.Borrow({second->get(), true}).ok());
  EXPECT_TRUE(session_.AnsweredName(address_).has_value());
}

TEST_F(SessionTest, LeavesNoDescriptorInTheProcessThatOpensIt) {
  const int before = dup(fd_.get());
  close(before);
  ASSERT_TRUE(Session::Open(Path().c_str()).ok());
  const int after = dup(fd_.get());
  close(after);
  EXPECT_EQ(before, after);
}

TEST_F(SessionTest, RefusesARegionOfAnotherBuildOrSize) {
  uint64_t* const words = Words();
  for (const size_t word : {size_t{0}, size_t{1}}) {
    const uint64_t old = words[word];
    words[word] ^= 0xff;
    EXPECT_FALSE(Session::Open(Path().c_str()).ok()) << word;
    words[word] = old;
  }
  EXPECT_TRUE(Session::Open(Path().c_str()).ok());
  ASSERT_EQ(ftruncate(fd_.get(), 64), 0);
  EXPECT_FALSE(Session::Open(Path().c_str()).ok());
}

TEST_F(SessionTest, RefusesWhatIsNoFile) {
  EXPECT_FALSE(Session::Open("/dev/null").ok());
  EXPECT_FALSE(Session::Open("/nonexistent").ok());
  EXPECT_FALSE(Session::Open("/proc").ok());
}

TEST_F(SessionTest, IsTheSameForTheRelayWithItsDescriptor) {
  auto other = Session::OpenWithoutLists(fd_.get());
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE(session_.relay().Claim(0, 1));
  session_.relay().Publish({.port = 4711, .has_v6 = true, .request = {}, .reply = {}});
  ASSERT_TRUE(other->relay().Find().has_value());
  EXPECT_EQ(other->relay().Find()->access.port, 4711);
  EXPECT_FALSE(Session::OpenWithoutLists(0).ok());
}

TEST_F(SessionTest, NeedsEveryListOfItsConfigButForTheRelay) {
  config::ImageWriter writer;
  writer.AddList({});
  const std::vector<uint8_t> image = writer.Finish();
  EXPECT_FALSE(Session::Create({}, image, {}).ok());
  EXPECT_TRUE(Session::CreateWithoutLists({}, image).ok());
}

}  // namespace
}  // namespace engine
