// What clients of the listener send: the handshake, and of plain HTTP the body behind it.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "handshake_property.h"
#include "listener/handshake.h"

namespace {

using listener::Handshake;
using Gate = supervisor::Gate;

struct Heard {
  Handshake::State state = Handshake::State::kReading;
  size_t taken = 0;
  std::string answer;
  std::string target;
  std::string head;
  size_t passed = 0;
  Gate::State body = Gate::State::kOpen;

  bool operator==(const Heard&) const = default;
};

Heard Hear(std::span<const uint8_t> data, size_t piece) {
  Heard out;
  Handshake handshake;
  while (out.taken < data.size() && handshake.state() == Handshake::State::kReading) {
    const auto some = data.subspan(out.taken, std::min(piece, data.size() - out.taken));
    const size_t taken = handshake.Take(some, &out.answer);
    fuzz::Require(taken > 0 && taken <= some.size(), "takes some of what there is");
    out.taken += taken;
  }
  out.state = handshake.state();
  if (out.state != Handshake::State::kRequested) {
    fuzz::Require(out.state == Handshake::State::kReading || !out.answer.empty(),
                  "a refusal is said");
    return out;
  }
  std::array<char, base::kMaxEndpointText> text;
  out.target = handshake.request().target.Text(text);
  out.head = handshake.request().head;
  listener::HttpBody body = handshake.request().body;
  auto rest = data.subspan(out.taken);
  while (!rest.empty() && body.state() == Gate::State::kOpen) {
    const auto some = rest.first(std::min(piece, rest.size()));
    const size_t measured = body.Measure(some);
    fuzz::Require(measured > 0 && measured <= some.size(), "lets some through while it is open");
    body.Pass(some.first(measured));
    out.passed += measured;
    rest = rest.subspan(measured);
  }
  out.body = body.state();
  return out;
}

size_t Count(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

// The target must see one request, whose framing is the one that was understood here.
void RequireOneRequest(std::string_view head) {
  fuzz::Require(head.ends_with("\r\nConnection: close\r\n\r\n"), "it ends as it shall");
  fuzz::Require(Count(head, "\r\n\r\n") == 1, "one head");
  fuzz::Require(Count(head, "\n") == Count(head, "\r\n") && Count(head, "\r") == Count(head, "\n"),
                "each line ends by CR LF, and nothing else looks like an end");
  fuzz::Require(head.find('\0') == std::string_view::npos, "no NUL");
  fuzz::Require(Count(head, "\r\nHost: ") == 1, "one host");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> bytes(data + 1, size - 1);
  const Heard whole = Hear(bytes, SIZE_MAX / 2);
  for (const size_t piece : {size_t{1}, size_t{data[0]} + 1}) {
    fuzz::Require(Hear(bytes, piece) == whole, "the same however it is cut");
  }
  if (!whole.head.empty()) {
    RequireOneRequest(whole.head);
  }
  return 0;
}
