#include "chain/auth_table.h"

#include <array>
#include <atomic>
#include <cstring>
#include <type_traits>

namespace chain {
namespace {

using protocol::DigestAlgorithm;
using protocol::HttpChallenge;
using protocol::HttpMemory;
using protocol::HttpScheme;

static_assert(std::is_trivially_copyable_v<HttpChallenge>);

constexpr size_t kChallengeWords = (sizeof(HttpChallenge) + 7) / 8;
enum Word : size_t { kSum, kNonceCount, kChallenge };
constexpr size_t kRecordWords = kChallenge + kChallengeWords;

using Image = std::array<uint64_t, kChallengeWords>;

std::atomic_ref<uint64_t> At(uint64_t* record, size_t word) {
  return std::atomic_ref<uint64_t>(record[word]);
}

// Never 0, which is what an empty record has.
uint64_t Sum(const Image& image) {
  uint64_t sum = 0x9e3779b97f4a7c15u;
  for (const uint64_t word : image) {
    sum = (sum ^ word) * 0xff51afd7ed558ccdu;
    sum ^= sum >> 32;
  }
  return sum | 1;
}

// A copy with nothing in it but what counts.
Image ImageOf(const HttpChallenge& challenge) {
  HttpChallenge clean;
  clean.text.fill(0);
  clean.scheme = challenge.scheme;
  if (challenge.scheme == HttpScheme::kDigest) {
    clean.algorithm = challenge.algorithm;
    clean.names_algorithm = challenge.names_algorithm;
    clean.qop_auth = challenge.qop_auth;
    clean.user_hash = challenge.user_hash;
    clean.has_opaque = challenge.has_opaque;
    clean.client_nonce = challenge.client_nonce;
    if (!clean.SetDigestTexts(challenge.realm(), challenge.nonce(), challenge.opaque())) {
      clean.scheme = HttpScheme::kNone;
    }
  }
  Image image{};
  std::memcpy(image.data(), static_cast<const void*>(&clean), sizeof clean);
  return image;
}

// Other processes of the user can write the region: what is read has to be looked at.
bool IsSound(const HttpChallenge& challenge) {
  const size_t size = size_t{challenge.realm_size} + challenge.nonce_size + challenge.opaque_size;
  return (challenge.scheme == HttpScheme::kBasic || challenge.scheme == HttpScheme::kDigest ||
          challenge.scheme == HttpScheme::kNtlm) &&
         challenge.algorithm <= DigestAlgorithm::kSha256Sess && size <= HttpChallenge::kMaxText;
}

}  // namespace

size_t AuthTable::RegionSize(size_t proxy_count) {
  return proxy_count * kRecordWords * sizeof(uint64_t);
}

HttpMemory AuthTable::Recall(size_t proxy, bool takes_count) {
  HttpMemory out;
  uint64_t* const record = Record(proxy);
  if (record == nullptr) {
    return out;
  }
  const uint64_t sum = At(record, kSum).load(std::memory_order_acquire);
  if (sum == 0) {
    return out;
  }
  Image image;
  for (size_t i = 0; i < image.size(); ++i) {
    image[i] = At(record, kChallenge + i).load(std::memory_order_acquire);
  }
  HttpChallenge challenge;
  std::memcpy(static_cast<void*>(&challenge), image.data(), sizeof challenge);
  if (Sum(image) != sum || !IsSound(challenge)) {
    return out;
  }
  out.challenge = challenge;
  if (takes_count && challenge.scheme == HttpScheme::kDigest) {
    out.nonce_count =
        static_cast<uint32_t>(At(record, kNonceCount).fetch_add(1, std::memory_order_acq_rel));
  }
  return out;
}

void AuthTable::Remember(size_t proxy, const HttpMemory& memory) {
  uint64_t* const record = Record(proxy);
  if (record == nullptr) {
    return;
  }
  const Image image = ImageOf(memory.challenge);
  At(record, kSum).store(0, std::memory_order_release);
  At(record, kNonceCount).store(memory.nonce_count, std::memory_order_release);
  for (size_t i = 0; i < image.size(); ++i) {
    At(record, kChallenge + i).store(image[i], std::memory_order_release);
  }
  At(record, kSum).store(Sum(image), std::memory_order_release);
}

void AuthTable::Forget(size_t proxy) {
  if (uint64_t* const record = Record(proxy); record != nullptr) {
    At(record, kSum).store(0, std::memory_order_release);
  }
}

uint64_t* AuthTable::Record(size_t proxy) {
  const size_t offset = proxy * kRecordWords * sizeof(uint64_t);
  return offset + kRecordWords * sizeof(uint64_t) <= region_.size()
             ? reinterpret_cast<uint64_t*>(region_.data() + offset)
             : nullptr;
}

}  // namespace chain
