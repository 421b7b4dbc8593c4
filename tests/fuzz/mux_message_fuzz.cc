// What a ssh master, or whoever has its socket, sends.
#include <vector>

#include "handshake_property.h"
#include "relay/mux_message.h"

namespace {

struct Heard {
  std::vector<relay::MuxMessage> messages;
  bool failed = false;
};

Heard Hear(std::span<const uint8_t> data, size_t piece) {
  Heard out;
  relay::MuxReader reader;
  for (size_t at = 0; at < data.size() && !reader.failed(); at += piece) {
    reader.Feed(data.subspan(at, std::min(piece, data.size() - at)));
    while (auto message = reader.Next()) {
      out.messages.push_back(std::move(*message));
      fuzz::Require(out.messages.size() <= data.size(), "it ends");
    }
  }
  out.failed = reader.failed();
  fuzz::Require(!out.failed || !reader.Next(), "nothing more once it has failed");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> bytes(data + 1, size - 1);
  const Heard whole = Hear(bytes, SIZE_MAX / 2);
  for (const size_t piece : {size_t{1}, size_t{data[0]} + 1}) {
    const Heard cut = Hear(bytes, piece);
    fuzz::Require(cut.failed == whole.failed, "fails the same however it is cut");
    fuzz::Require(cut.messages.size() == whole.messages.size(), "as many messages");
    for (size_t i = 0; i < cut.messages.size(); ++i) {
      fuzz::Require(cut.messages[i].type == whole.messages[i].type &&
                        cut.messages[i].number == whole.messages[i].number &&
                        cut.messages[i].reason == whole.messages[i].reason,
                    "the same messages");
    }
  }
  return 0;
}
