#include "chain/auth_table.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace chain {
namespace {

using protocol::DigestAlgorithm;
using protocol::HttpChallenge;
using protocol::HttpMemory;
using protocol::HttpScheme;

constexpr size_t kProxies = 3;

class AuthTableTest : public testing::Test {
 protected:
  std::span<uint8_t> region() { return {reinterpret_cast<uint8_t*>(words_.data()), size_}; }

  size_t size_ = AuthTable::RegionSize(kProxies);
  std::vector<uint64_t> words_ = std::vector<uint64_t>((size_ + 7) / 8);
  AuthTable table_{region()};
};

HttpMemory Digest(const std::string& nonce, uint32_t nonce_count = 2) {
  HttpMemory out;
  out.challenge.scheme = HttpScheme::kDigest;
  out.challenge.algorithm = DigestAlgorithm::kSha256Sess;
  out.challenge.qop_auth = 1;
  out.challenge.has_opaque = 1;
  out.challenge.client_nonce.fill(0xcc);
  EXPECT_TRUE(out.challenge.SetDigestTexts("realm of " + nonce, nonce, "opaque of " + nonce));
  out.nonce_count = nonce_count;
  out.asked = 1;
  return out;
}

HttpMemory Of(HttpScheme scheme) {
  HttpMemory out;
  out.challenge.scheme = scheme;
  return out;
}

TEST_F(AuthTableTest, KnowsNothingAtFirst) {
  EXPECT_EQ(table_.Recall(0).challenge.scheme, HttpScheme::kNone);
  EXPECT_EQ(AuthTable().Recall(0).challenge.scheme, HttpScheme::kNone);
}

TEST_F(AuthTableTest, RecallsADigestWithARisingNonceCount) {
  table_.Remember(1, Digest("n"));
  for (uint32_t count = 2; count < 5; ++count) {
    const HttpMemory got = AuthTable(region()).Recall(1);
    EXPECT_EQ(got.challenge.scheme, HttpScheme::kDigest);
    EXPECT_EQ(got.challenge.algorithm, DigestAlgorithm::kSha256Sess);
    EXPECT_EQ(got.challenge.realm(), "realm of n");
    EXPECT_EQ(got.challenge.nonce(), "n");
    EXPECT_EQ(got.challenge.opaque(), "opaque of n");
    EXPECT_TRUE(got.challenge.qop_auth && got.challenge.has_opaque);
    EXPECT_EQ(got.challenge.client_nonce, Digest("n").challenge.client_nonce);
    EXPECT_EQ(got.nonce_count, count);
    EXPECT_EQ(got.asked, 0) << "another dial was";
  }
}

TEST_F(AuthTableTest, KeepsProxiesApart) {
  table_.Remember(0, Of(HttpScheme::kBasic));
  table_.Remember(2, Of(HttpScheme::kNtlm));
  EXPECT_EQ(table_.Recall(0).challenge.scheme, HttpScheme::kBasic);
  EXPECT_EQ(table_.Recall(1).challenge.scheme, HttpScheme::kNone);
  EXPECT_EQ(table_.Recall(2).challenge.scheme, HttpScheme::kNtlm);
  table_.Forget(0);
  EXPECT_EQ(table_.Recall(0).challenge.scheme, HttpScheme::kNone);
  EXPECT_EQ(table_.Recall(2).challenge.scheme, HttpScheme::kNtlm);
}

TEST_F(AuthTableTest, TakesTheNewestWord) {
  table_.Remember(1, Digest("old", 40));
  table_.Remember(1, Digest("new", 2));
  const HttpMemory got = table_.Recall(1);
  EXPECT_EQ(got.challenge.nonce(), "new");
  EXPECT_EQ(got.nonce_count, 2u);
}

TEST_F(AuthTableTest, LeavesTheMessageOfNtlmOut) {
  HttpMemory memory = Of(HttpScheme::kNtlm);
  memory.challenge.nonce_size = 100;
  table_.Remember(1, memory);
  EXPECT_TRUE(table_.Recall(1).challenge.message().empty());
}

TEST_F(AuthTableTest, StaysWithinItsRegion) {
  table_.Remember(kProxies, Digest("n"));
  table_.Forget(kProxies);
  EXPECT_EQ(table_.Recall(kProxies).challenge.scheme, HttpScheme::kNone);
  EXPECT_EQ(words_, std::vector<uint64_t>(words_.size()));
}

TEST_F(AuthTableTest, TakesADamagedRecordForNone) {
  table_.Remember(0, Digest("n"));
  const std::vector<uint64_t> good = words_;
  const size_t nonce_count_word = 1;
  for (size_t i = 0; i < AuthTable::RegionSize(1) / 8; ++i) {
    words_ = good;
    words_[i] ^= uint64_t{1} << (i % 64);
    EXPECT_EQ(table_.Recall(0).challenge.scheme == HttpScheme::kDigest, i == nonce_count_word) << i;
  }
}

// What is recalled was remembered whole, whoever else writes; and no nonce count comes twice.
TEST_F(AuthTableTest, HoldsUnderManyThreads) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < 3000; ++i) {
        table_.Remember(1, Digest((writer == 0 ? "a" : "bbbb") + std::to_string(i)));
      }
      stop = true;
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!stop) {
        const HttpMemory got = table_.Recall(1);
        if (got.challenge.scheme == HttpScheme::kNone) continue;
        const std::string nonce(got.challenge.nonce());
        ASSERT_EQ(got.challenge.realm(), "realm of " + nonce);
        ASSERT_EQ(got.challenge.opaque(), "opaque of " + nonce);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table_.Recall(1).challenge.scheme, HttpScheme::kDigest);
}

TEST_F(AuthTableTest, GivesEachNonceCountOnce) {
  table_.Remember(1, Digest("n", 1));
  constexpr size_t kEach = 2000;
  std::vector<std::vector<uint32_t>> counts(4);
  std::vector<std::thread> threads;
  for (auto& own : counts) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < kEach; ++i) own.push_back(table_.Recall(1).nonce_count);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint32_t> all;
  for (const auto& own : counts) all.insert(own.begin(), own.end());
  EXPECT_EQ(all.size(), counts.size() * kEach);
  EXPECT_EQ(*all.begin(), 1u);
  EXPECT_EQ(*all.rbegin(), counts.size() * kEach);
}

TEST_F(AuthTableTest, IsSharedWithOtherProcesses) {
  void* const memory =
      mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  AuthTable shared({static_cast<uint8_t*>(memory), size_});
  const pid_t child = fork();
  if (child == 0) {
    shared.Remember(1, Digest("n", 9));
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(shared.Recall(1).nonce_count, 9u);
  munmap(memory, size_);
}

}  // namespace
}  // namespace chain
