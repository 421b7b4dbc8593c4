// Drives a handshake against a scripted peer, the bytes cut wherever a test wants them cut.
#ifndef GOCHAIN_TESTS_UNIT_PROTOCOL_DRIVER_H_
#define GOCHAIN_TESTS_UNIT_PROTOCOL_DRIVER_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "protocol/step.h"

namespace protocol {

inline std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string Text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// "\x05\x00" with its zeros.
template <size_t kSize>
std::string Raw(const char (&literal)[kSize]) {
  return {literal, kSize - 1};
}

struct Outcome {
  std::string sent;
  size_t taken = 0;  // of the peer's bytes
  Step step = Step::kFailed;
  base::Cause cause = base::Cause::kNone;
  base::Failure::Speaker speaker = base::Failure::Speaker::kHop;
  unsigned code = 0;
  std::string detail;
};

// How many of the peer's bytes arrive together, given how many were taken before.
using Cutter = std::function<size_t(size_t taken)>;

// Runs until done, failed or out of bytes (then `step` is kReceive, or with `then_end` the peer
// closes). Sends `send_piece` bytes at a time.
template <typename Client>
Outcome Drive(Client client, std::string_view peer, const Cutter& cutter, size_t send_piece,
              bool then_end) {
  Outcome out;
  for (;;) {
    if (client.step() == Step::kSend) {
      const std::span<const uint8_t> bytes = client.Outgoing();
      EXPECT_FALSE(bytes.empty());
      const size_t count = std::min(bytes.size(), send_piece);
      out.sent += Text(bytes.first(count));
      client.Sent(count);
    } else if (client.step() == Step::kReceive) {
      if (out.taken == peer.size()) {
        if (!then_end) break;
        client.FeedEnd();
        continue;
      }
      const Appetite appetite = client.Incoming();
      EXPECT_GT(appetite.max, 0u);
      const size_t arrived = std::min(peer.size() - out.taken, cutter(out.taken));
      const size_t count = std::min(appetite.max, arrived);
      const size_t taken = client.Feed(Bytes(peer.substr(out.taken, count)));
      EXPECT_LE(taken, count);
      EXPECT_TRUE(appetite.peek || taken == count) << "took less than it asked for";
      out.taken += taken;
      if (taken == 0) break;
    } else {
      break;
    }
  }
  out.step = client.step();
  if (out.step == Step::kFailed) {
    out.cause = client.failure().cause;
    out.speaker = client.failure().speaker;
    out.code = client.failure().code;
    out.detail = client.failure().detail_text();
  }
  return out;
}

// The peer's bytes whole, byte by byte, and split at every offset: the outcome must be the same.
template <typename Client>
Outcome DriveEveryWay(const Client& client, std::string_view peer, bool then_end = false) {
  constexpr size_t kAll = SIZE_MAX;
  const Outcome whole = Drive(
      client, peer, [](size_t) { return kAll; }, kAll, then_end);
  const auto same = [&](const Outcome& other, const std::string& how) {
    EXPECT_EQ(whole.sent, other.sent) << how;
    // How much of a reply was read before it was found wanting may depend on how it came.
    EXPECT_TRUE(whole.taken == other.taken || whole.step == Step::kFailed) << how;
    EXPECT_EQ(whole.step, other.step) << how;
    EXPECT_EQ(whole.cause, other.cause) << how;
    EXPECT_EQ(whole.code, other.code) << how;
    EXPECT_EQ(whole.detail, other.detail) << how;
    return !testing::Test::HasFailure();  // one split is enough to look at
  };
  const auto one = [](size_t) -> size_t { return 1; };
  if (!same(Drive(client, peer, one, 1, then_end), "byte by byte")) return whole;
  for (size_t split = 1; split < peer.size(); ++split) {
    const auto cut = [split](size_t taken) { return taken < split ? split - taken : kAll; };
    if (!same(Drive(client, peer, cut, kAll, then_end), "split at " + std::to_string(split))) break;
  }
  return whole;
}

}  // namespace protocol

#endif  // GOCHAIN_TESTS_UNIT_PROTOCOL_DRIVER_H_
