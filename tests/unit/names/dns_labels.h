// A name as DNS messages have it (RFC 1035 §3.1).
#ifndef GOCHAIN_TESTS_UNIT_NAMES_DNS_LABELS_H_
#define GOCHAIN_TESTS_UNIT_NAMES_DNS_LABELS_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace names {

inline std::vector<uint8_t> Labels(const std::string& name) {
  std::vector<uint8_t> out;
  size_t at = 0;
  while (at < name.size()) {
    const size_t end = std::min(name.find('.', at), name.size());
    out.push_back(static_cast<uint8_t>(end - at));
    out.insert(out.end(), name.begin() + static_cast<long>(at),
               name.begin() + static_cast<long>(end));
    at = end + 1;
  }
  out.push_back(0);
  return out;
}

}  // namespace names

#endif  // GOCHAIN_TESTS_UNIT_NAMES_DNS_LABELS_H_
