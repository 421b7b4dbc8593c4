#include "engine/relay_place.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace engine {
namespace {

protocol::RelayAccess Access(uint16_t port) {
  protocol::RelayAccess out;
  out.port = port;
  out.has_v6 = port % 2 != 0;
  out.request.fill(static_cast<uint8_t>(port));
  out.reply.fill(static_cast<uint8_t>(port + 1));
  return out;
}

class RelayPlaceTest : public testing::Test {
 protected:
  alignas(8) std::array<uint8_t, RelayPlace::RegionSize()> region_{};
  RelayPlace place_{region_};
};

TEST_F(RelayPlaceTest, HasNoneAtFirst) {
  EXPECT_FALSE(place_.Find().has_value());
  EXPECT_FALSE(place_.IsClaimed(0));
}

TEST_F(RelayPlaceTest, TellsEveryViewWhatWasPublished) {
  for (const uint16_t port : {uint16_t{65535}, uint16_t{2}}) {
    const auto before = place_.Find();
    ASSERT_TRUE(place_.Claim(before ? before->version : 0, port));
    place_.Publish(Access(port));
    const auto found = RelayPlace(region_).Find();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->access.port, port);
    EXPECT_EQ(found->access.has_v6, port == 65535);
    EXPECT_EQ(found->access.request, Access(port).request);
    EXPECT_EQ(found->access.reply, Access(port).reply);
    EXPECT_NE(found->version, 0u);
  }
}

TEST_F(RelayPlaceTest, LetsOneStartIt) {
  ASSERT_TRUE(place_.Claim(0, 100));
  EXPECT_TRUE(place_.IsClaimed(100));
  EXPECT_FALSE(place_.Claim(0, 101));
  EXPECT_FALSE(place_.Find().has_value());
  place_.Publish(Access(1));
  EXPECT_FALSE(place_.Claim(0, 102)) << "there is one now";
}

TEST_F(RelayPlaceTest, LetsOneReplaceTheOneThatIsGone) {
  ASSERT_TRUE(place_.Claim(0, 100));
  place_.Publish(Access(1));
  const uint64_t gone = place_.Find()->version;
  ASSERT_TRUE(place_.Claim(gone, 200));
  EXPECT_FALSE(place_.Claim(gone, 201));
  place_.Publish(Access(2));
  EXPECT_FALSE(place_.Claim(gone, 202)) << "somebody has replaced it already";
  EXPECT_EQ(place_.Find()->access.port, 2);
}

TEST_F(RelayPlaceTest, LetsTheNextOneTryAfterAFailure) {
  ASSERT_TRUE(place_.Claim(0, 100));
  place_.Abandon();
  EXPECT_TRUE(place_.Claim(0, 101));
}

TEST_F(RelayPlaceTest, ForgetsAStarterThatDied) {
  ASSERT_TRUE(place_.Claim(0, 100));
  EXPECT_FALSE(place_.Claim(0, 99 + RelayPlace::kStartTimeoutMs));
  EXPECT_FALSE(place_.IsClaimed(100 + RelayPlace::kStartTimeoutMs));
  EXPECT_TRUE(place_.Claim(0, 100 + RelayPlace::kStartTimeoutMs));
}

TEST_F(RelayPlaceTest, LetsOneOfManyThreadsStartIt) {
  std::atomic<int> claims = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { claims += RelayPlace(region_).Claim(0, 1000) ? 1 : 0; });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(claims, 1);
}

}  // namespace
}  // namespace engine
