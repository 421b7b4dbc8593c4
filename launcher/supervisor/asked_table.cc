#include "supervisor/asked_table.h"

#include <type_traits>

namespace supervisor {

void AskedTable::Put(uint16_t port, const base::Endpoint& asked) {
  static_assert(std::is_trivially_copyable_v<Entry>);
  const std::lock_guard lock(mutex_);
  if (entries_ == nullptr) {
    // Pages of zeros, which the kernel gives when they are written to.
    entries_.reset(static_cast<Entry*>(std::calloc(size_t{UINT16_MAX} + 1, sizeof(Entry))));
  }
  if (entries_ != nullptr) {
    entries_[port] = {asked.address(), asked.port()};
  }
}

std::optional<base::Endpoint> AskedTable::Find(uint16_t port) {
  const std::lock_guard lock(mutex_);
  if (entries_ == nullptr || entries_[port].port == 0) {
    return std::nullopt;
  }
  return base::Endpoint(entries_[port].address, entries_[port].port);
}

}  // namespace supervisor
