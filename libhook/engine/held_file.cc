#include "engine/held_file.h"

#include <array>
#include <cerrno>
#include <span>

#include "base/syscalls.h"
#include "base/text.h"

namespace engine {

int OpenHeld(std::string_view state, uint64_t number, int flags) {
  std::array<char, 128> path{};
  base::TextWriter text(std::span<char>(path.data(), path.size() - 1));
  text.Append(state.substr(0, state.rfind('/') + 1)).AppendNumber(number);
  return text.cut() ? -ENAMETOOLONG : sys::Open(path.data(), flags);
}

}  // namespace engine
