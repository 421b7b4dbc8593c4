#include "program/preloads.h"

#include <algorithm>

namespace program {

std::string OtherPreloads(std::string_view value) {
  std::string out;
  while (!value.empty()) {
    const size_t end = std::min(value.find_first_of(": "), value.size());
    const std::string_view path = value.substr(0, end);
    if (!path.empty() && !path.ends_with("/libgochain.so")) {
      out.append(out.empty() ? "" : ":").append(path);
    }
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return out;
}

}  // namespace program
