// What must hold for a handshake whatever its peer sends.
//
// The input is how the bytes are cut (first byte) and the bytes. However they are cut, the
// handshake sends the same and ends the same; a tunnel starts at the same byte; nothing is taken
// that wasn't given; an end of file ends it.
#ifndef GOCHAIN_TESTS_FUZZ_HANDSHAKE_PROPERTY_H_
#define GOCHAIN_TESTS_FUZZ_HANDSHAKE_PROPERTY_H_

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "base/failure.h"
#include "protocol/step.h"

namespace fuzz {

inline void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

struct Ended {
  protocol::Step step;
  std::string sent;
  size_t taken = 0;
  base::Cause cause = base::Cause::kNone;
  std::string detail;
};

template <typename Client>
Ended Drive(Client client, std::span<const uint8_t> peer, size_t piece) {
  Ended out;
  for (size_t rounds = 0;; ++rounds) {
    Require(rounds <= 4 * peer.size() + 4096, "it ends");
    if (client.step() == protocol::Step::kSend) {
      const auto bytes = client.Outgoing();
      Require(!bytes.empty(), "something to send while it wants to send");
      const size_t count = std::min(piece, bytes.size());
      out.sent.append(reinterpret_cast<const char*>(bytes.data()), count);
      client.Sent(count);
    } else if (client.step() == protocol::Step::kReceive) {
      if (out.taken == peer.size()) {
        client.FeedEnd();
        Require(
            client.step() == protocol::Step::kFailed || client.step() == protocol::Step::kReconnect,
            "over with the connection by the end of file");
        continue;
      }
      const protocol::Appetite appetite = client.Incoming();
      Require(appetite.max > 0, "room while it wants to receive");
      const size_t count = std::min({appetite.max, piece, peer.size() - out.taken});
      // A copy of just this size, so that reading beyond it is seen.
      const std::vector<uint8_t> given(peer.begin() + static_cast<long>(out.taken),
                                       peer.begin() + static_cast<long>(out.taken + count));
      const size_t taken = client.Feed(given);
      Require(taken <= count, "takes no more than it was given");
      // Between a head and its content it may stop.
      Require(taken > 0 || client.step() != protocol::Step::kReceive,
              "takes something while it wants more");
      Require(taken == count || appetite.peek || client.step() == protocol::Step::kFailed,
              "leaves nothing behind that was taken from the socket");
      out.taken += taken;
    } else {
      break;
    }
  }
  out.step = client.step();
  if (out.step == protocol::Step::kFailed) {
    Require(client.failure().cause != base::Cause::kNone, "a failure has a cause");
    out.cause = client.failure().cause;
    out.detail = client.failure().detail_text();
    for (const char c : out.detail) {
      Require(static_cast<unsigned char>(c) >= ' ' && c != 0x7f, "no control bytes in a detail");
    }
  }
  return out;
}

template <typename Client>
void CheckHandshake(const Client& client, std::span<const uint8_t> input) {
  if (input.empty()) return;
  const std::span<const uint8_t> peer = input.subspan(1);
  const Ended whole = Drive(client, peer, SIZE_MAX);
  for (const size_t piece : {size_t{1}, size_t{input[0]} + 1}) {
    const Ended cut = Drive(client, peer, piece);
    Require(cut.step == whole.step, "ends the same however it is cut");
    Require(cut.cause == whole.cause && cut.detail == whole.detail, "fails the same");
    Require(cut.sent == whole.sent, "sends the same");
    Require(cut.step == protocol::Step::kFailed || cut.taken == whole.taken,
            "the tunnel starts at the same byte");
  }
}

}  // namespace fuzz

#endif  // GOCHAIN_TESTS_FUZZ_HANDSHAKE_PROPERTY_H_
