#include "supervisor/socket_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace supervisor {
namespace {

constexpr size_t kFirstCollection = 256;
constexpr size_t kMaxPeers = 8192;

void ListSockets(int directory, std::unordered_set<uint64_t>* out) {
  DIR* const descriptors = fdopendir(directory);
  if (descriptors == nullptr) {
    close(directory);
    return;
  }
  while (const dirent* const entry = readdir(descriptors)) {
    char target[64];
    const ssize_t size = readlinkat(dirfd(descriptors), entry->d_name, target, sizeof target - 1);
    if (size <= 0) {
      continue;
    }
    target[size] = '\0';
    constexpr char kPrefix[] = "socket:[";
    if (std::strncmp(target, kPrefix, sizeof kPrefix - 1) == 0) {
      out->insert(std::strtoull(target + sizeof kPrefix - 1, nullptr, 10));
    }
  }
  closedir(descriptors);
}

}  // namespace

std::unordered_set<uint64_t> SocketsInUse() {
  std::unordered_set<uint64_t> out;
  DIR* const processes = opendir("/proc");
  if (processes == nullptr) {
    return out;
  }
  const long self = getpid();
  while (const dirent* const entry = readdir(processes)) {
    const long pid = std::strtol(entry->d_name, nullptr, 10);
    if (pid <= 0 || pid == self) {
      continue;
    }
    std::array<char, 32> path{};
    base::TextWriter(path).AppendNumber(static_cast<uint64_t>(pid)).Append("/fd");
    const int directory = openat(dirfd(processes), path.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      ListSockets(directory, &out);
    }
  }
  closedir(processes);
  return out;
}

bool SocketStore::Keep(uint64_t inode, base::Fd duplicate) {
  bool is_time = false;
  {
    const std::lock_guard lock(mutex_);
    is_time = kept_.size() >= std::max(collect_at_, std::min(kFirstCollection, capacity_));
  }
  const bool collected = is_time && Collect();
  const std::lock_guard lock(mutex_);
  if (collected) {
    collect_at_ = std::min(capacity_, kept_.size() * 2);
  }
  if (kept_.size() >= capacity_) {
    return false;
  }
  kept_[inode] = {std::make_shared<const base::Fd>(std::move(duplicate)), false, false};
  return true;
}

void SocketStore::HandedOver(uint64_t inode) {
  const std::lock_guard lock(mutex_);
  if (const auto found = kept_.find(inode); found != kept_.end()) {
    found->second.handed_over = true;
  }
}

SocketStore::Shared SocketStore::Find(uint64_t inode) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(inode);
  return found == kept_.end() ? nullptr : found->second.duplicate;
}

void SocketStore::Drop(uint64_t inode) {
  const std::lock_guard lock(mutex_);
  kept_.erase(inode);
}

void SocketStore::Bind(uint64_t inode) {
  std::vector<uint64_t> candidates;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, kept] : kept_) {
      if (kept.bound && kept.handed_over && number != inode) {
        candidates.push_back(number);
      }
    }
    if (const auto found = kept_.find(inode); found != kept_.end()) {
      found->second.bound = true;
    }
  }
  (void)CollectThese(candidates);
}

bool SocketStore::Collect() {
  std::vector<uint64_t> candidates;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, kept] : kept_) {
      if (kept.handed_over) {
        candidates.push_back(number);
      }
    }
  }
  return CollectThese(candidates);
}

// REQUIRES: the candidates were handed over before the call, so each shows up in the list while a
// process has it.
bool SocketStore::CollectThese(const std::vector<uint64_t>& candidates) {
  if (candidates.empty()) {
    return false;
  }
  const std::unordered_set<uint64_t> in_use = in_use_();
  const std::lock_guard lock(mutex_);
  for (const uint64_t inode : candidates) {
    if (!in_use.contains(inode)) {
      kept_.erase(inode);
    }
  }
  return true;
}

size_t SocketStore::size() {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

void SocketStore::SetPeer(uint64_t inode, const DialledPeer& peer) {
  const std::lock_guard lock(mutex_);
  if (peers_.insert_or_assign(inode, peer).second) {
    peer_order_.push_back(inode);
  }
  while (peer_order_.size() > kMaxPeers) {
    peers_.erase(peer_order_.front());
    peer_order_.pop_front();
  }
}

std::optional<SocketStore::DialledPeer> SocketStore::Peer(uint64_t inode) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(inode);
  return found == peers_.end() ? std::nullopt : std::optional(found->second);
}

void SocketStore::ForgetPeer(uint64_t inode) {
  const std::lock_guard lock(mutex_);
  peers_.erase(inode);
}

}  // namespace supervisor
