// AnswerTable: the real addresses that programs got for names, and those names, shared by a whole
// process tree: so that a rule on a name also holds for a connect to the address it was looked up
// as.
//
// The newest answer wins, and the oldest makes room. Loopback addresses are left out: they are
// every program's own, whatever name also leads there. Async-signal-safe, any thread and process.
#ifndef GOCHAIN_NAMES_ANSWER_TABLE_H_
#define GOCHAIN_NAMES_ANSWER_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "names/shared_cache.h"

namespace names {

class AnswerTable {
 public:
  static size_t RegionSize() { return Cache::RegionSize(); }
  // REQUIRES: `region` was zeroed once, is aligned to 8 and RegionSize() long.
  explicit AnswerTable(std::span<uint8_t> region) : cache_(region) {}
  AnswerTable() = default;

  // A program was told that `name` (lower case, no final dot; 1..253 bytes) has `address`.
  void Put(const base::IpAddress& address, std::string_view name);
  // The name that `address` was last told for, with port 0.
  std::optional<base::Endpoint> NameOf(const base::IpAddress& address) const;

 private:
  // The address, its family and the name's size, the name.
  static constexpr size_t kNameWords = (base::kMaxNameLength + 7) / 8;
  // Some thousand addresses; pages that hold none are never touched.
  using Cache = SharedCache<3 + kNameWords, 1024, 4>;

  Cache cache_;
};

}  // namespace names

#endif  // GOCHAIN_NAMES_ANSWER_TABLE_H_
