#include "names/answer_table.h"

#include <cstring>

namespace names {
namespace {

enum Word : size_t { kAddress = 0, kShape = 2, kName = 3 };
constexpr uint64_t kV6 = 1u << 8;  // of kShape, above the name's size

uint64_t KeyOf(const base::IpAddress& address) {
  if (address.is_v4()) {
    return uint64_t{1} << 32 | address.v4();
  }
  uint64_t halves[2];
  std::memcpy(halves, address.bytes().data(), sizeof halves);
  return (halves[0] * 0xff51afd7ed558ccdu ^ halves[1]) | uint64_t{1} << 63;
}

}  // namespace

void AnswerTable::Put(const base::IpAddress& address, std::string_view name) {
  if (name.empty() || name.size() > base::kMaxNameLength || address.IsLoopback()) {
    return;
  }
  Cache::Payload payload{};
  std::memcpy(&payload[kAddress], address.bytes().data(), address.bytes().size());
  payload[kShape] = name.size() | (address.is_v4() ? 0 : kV6);
  std::memcpy(&payload[kName], name.data(), name.size());
  cache_.Put(KeyOf(address), payload);
}

std::optional<base::Endpoint> AnswerTable::NameOf(const base::IpAddress& address) const {
  std::optional<base::Endpoint> out;
  cache_.Find(KeyOf(address), [&](const Cache::Payload& payload) {
    const size_t size = payload[kShape] & 0xff;
    const bool v4 = (payload[kShape] & kV6) == 0;
    if (size <= base::kMaxNameLength && v4 == address.is_v4() &&
        std::memcmp(&payload[kAddress], address.bytes().data(), address.bytes().size()) == 0) {
      out = base::Endpoint::FromName({reinterpret_cast<const char*>(&payload[kName]), size}, 0);
    }
    return out.has_value();
  });
  return out;
}

}  // namespace names
