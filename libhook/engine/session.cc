#include "engine/session.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/clock.h"

namespace engine {
namespace {

// Another build's region is refused: the number changes with the layout.
constexpr uint64_t kMagic = 0x676f636861696e05;
constexpr int64_t kHopAddressLifetimeMs = 60 * 1000;

struct Header {
  uint64_t magic;
  uint64_t size;
  Settings settings;
  uint64_t config_size;
};

// The addresses of one proxy's name, in words that are stored with release and loaded with acquire:
// who sees a word of a new record sees the odd version of its writer too.
struct HopRecord {
  enum Word : size_t { kVersion, kExpiresMs, kCount, kAddresses };
  static constexpr size_t kWordsPerAddress = 3;  // 16 bytes, and 1 for IPv6
  uint64_t words[kAddresses + kMaxAddresses * kWordsPerAddress];

  uint64_t Load(size_t word) {
    return std::atomic_ref<uint64_t>(words[word]).load(std::memory_order_acquire);
  }
  void Store(size_t word, uint64_t value) {
    std::atomic_ref<uint64_t>(words[word]).store(value, std::memory_order_release);
  }

  base::IpAddress LoadAddress(size_t index) {
    const size_t first = kAddresses + index * kWordsPerAddress;
    const uint64_t halves[2] = {Load(first), Load(first + 1)};
    uint8_t bytes[16];
    std::memcpy(bytes, halves, sizeof bytes);
    return Load(first + 2) != 0 ? base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(bytes))
                                : base::IpAddress::V4Bytes(std::span<const uint8_t, 4>(bytes, 4));
  }
  void StoreAddress(size_t index, const base::IpAddress& address) {
    const size_t first = kAddresses + index * kWordsPerAddress;
    uint64_t halves[2] = {};
    std::memcpy(halves, address.bytes().data(), address.bytes().size());
    Store(first, halves[0]);
    Store(first + 1, halves[1]);
    Store(first + 2, address.is_v4() ? 0 : 1);
  }
};

constexpr size_t Align(size_t size) { return (size + 63) & ~size_t{63}; }

struct Layout {
  size_t config;
  size_t names;
  size_t answers;
  size_t peers;
  size_t relay;
  size_t hops;
  size_t health;
  size_t logins;
  size_t flights;
  size_t lists;
  size_t size;

  Layout(size_t config_size, size_t proxy_count, size_t chain_count, size_t list_count)
      : config(Align(sizeof(Header))),
        names(config + Align(config_size)),
        answers(names + Align(names::NameTable::RegionSize())),
        peers(answers + Align(names::AnswerTable::RegionSize())),
        relay(peers + Align(names::PeerTable::RegionSize())),
        hops(relay + Align(RelayPlace::RegionSize())),
        health(hops + Align(proxy_count * sizeof(HopRecord))),
        logins(health + Align(chain::HealthTable::RegionSize(proxy_count, chain_count))),
        flights(logins + Align(chain::AuthTable::RegionSize(proxy_count))),
        lists(flights + Align(chain::FlightTable::RegionSize(proxy_count))),
        size(lists + Align(list_count * sizeof(ListRecord))) {}
};

HopRecord* RecordAt(std::span<uint8_t> region, size_t proxy) {
  const size_t offset = proxy * sizeof(HopRecord);
  return offset + sizeof(HopRecord) <= region.size()
             ? reinterpret_cast<HopRecord*>(region.data() + offset)
             : nullptr;
}

}  // namespace

base::Result<Session::Created> Session::Create(const Settings& settings,
                                               std::span<const uint8_t> config_image,
                                               std::span<const config::ListImage> lists) {
  auto created = CreateWithoutLists(settings, config_image);
  if (!created.ok()) {
    return created;
  }
  Session& session = created->session;
  if (session.lists_.size() != lists.size()) {
    return base::Error{EINVAL, "lists"};
  }
  for (size_t i = 0; i < lists.size(); ++i) {
    const ListRecord record{static_cast<uint64_t>(lists[i].fd.get()), lists[i].size};
    std::memcpy(const_cast<ListRecord*>(&session.lists_[i]), &record, sizeof record);
  }
  const auto views = MapLists(lists);
  if (!views.ok()) {
    return views.error();
  }
  session.config_.SetLists(views.value());
  return created;
}

base::Result<Session::Created> Session::CreateWithoutLists(const Settings& settings,
                                                           std::span<const uint8_t> config_image) {
  const auto config = config::Config::FromImage(config_image);
  if (!config.ok()) {
    return config.error();
  }
  const Layout layout(config_image.size(), config->proxies().size(), config->chains().size(),
                      config->lists().size());
  const long made = sys::Call(SYS_memfd_create, reinterpret_cast<long>("gochain"), MFD_CLOEXEC);
  if (made < 0) {
    return base::Error{static_cast<int>(-made), "memfd_create"};
  }
  base::Fd fd(static_cast<int>(made));
  const long sized = sys::Call(SYS_ftruncate, fd.get(), static_cast<long>(layout.size));
  if (sized < 0) {
    return base::Error{static_cast<int>(-sized), "ftruncate"};
  }
  auto* const memory = static_cast<uint8_t*>(sys::MapShared(fd.get(), layout.size, true));
  if (memory == nullptr) {
    return base::Error{ENOMEM, "mmap"};
  }
  const Header header{kMagic, layout.size, settings, config_image.size()};
  std::memcpy(memory, &header, sizeof header);
  std::memcpy(memory + layout.config, config_image.data(), config_image.size());
  auto session = FromRegion({memory, layout.size});
  if (!session.ok()) {
    return session.error();
  }
  return Created{session.value(), std::move(fd)};
}

base::Result<std::span<uint8_t>> Session::MapRegion(int fd) {
  struct stat status;
  if (const int result = sys::Fstat(fd, &status); result < 0) {
    return base::Error{-result, "fstat"};
  }
  const auto size = static_cast<size_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || size < sizeof(Header)) {
    return base::Error{EINVAL, "state"};
  }
  auto* const memory = static_cast<uint8_t*>(sys::MapShared(fd, size, true));
  if (memory == nullptr) {
    return base::Error{ENOMEM, "mmap"};
  }
  return std::span(memory, size);
}

base::Result<Session> Session::Open(const char* path) {
  const int opened = sys::Open(path, O_RDWR);
  if (opened < 0) {
    return base::Error{-opened, "open"};
  }
  const base::Fd fd(opened);
  const auto region = MapRegion(fd.get());
  if (!region.ok()) {
    return region.error();
  }
  auto session = FromRegion(region.value());
  const auto views = session.ok() ? OpenLists(path, session->lists_) : session.error();
  if (!views.ok()) {
    sys::Unmap(region->data(), region->size());
    return views.error();
  }
  session->config_.SetLists(views.value());
  return session;
}

base::Result<Session> Session::OpenWithoutLists(int fd) {
  const auto region = MapRegion(fd);
  if (!region.ok()) {
    return region.error();
  }
  auto session = FromRegion(region.value());
  if (!session.ok()) {
    sys::Unmap(region->data(), region->size());
  }
  return session;
}

base::Result<Session> Session::FromRegion(std::span<uint8_t> region) {
  auto* const header = reinterpret_cast<Header*>(region.data());
  const base::Error bad{EINVAL, "state"};
  if (header->magic != kMagic || header->size != region.size() ||
      header->config_size > region.size()) {
    return bad;
  }
  const Layout without_hops(header->config_size, 0, 0, 0);
  if (without_hops.size > region.size()) {
    return bad;
  }
  const auto config =
      config::Config::FromImage({region.data() + without_hops.config, header->config_size});
  if (!config.ok()) {
    return config.error();
  }
  const size_t list_count = config->lists().size();
  const Layout layout(header->config_size, config->proxies().size(), config->chains().size(),
                      list_count);
  if (layout.size != region.size()) {
    return bad;
  }
  Session out;
  out.settings_ = &header->settings;
  out.config_ = config.value();
  out.config_image_ = region.subspan(without_hops.config, header->config_size);
  out.names_ = names::NameTable(region.subspan(layout.names, names::NameTable::RegionSize()));
  out.answers_ =
      names::AnswerTable(region.subspan(layout.answers, names::AnswerTable::RegionSize()));
  out.peers_ = names::PeerTable(region.subspan(layout.peers, names::PeerTable::RegionSize()));
  out.relay_ = RelayPlace(region.subspan(layout.relay, RelayPlace::RegionSize()));
  out.hop_addresses_ = region.subspan(layout.hops, layout.health - layout.hops);
  out.health_ = chain::HealthTable(region.subspan(layout.health, layout.logins - layout.health),
                                   config->proxies().size(), config->globals().retry_after_ms);
  out.logins_ = chain::AuthTable(region.subspan(layout.logins, layout.flights - layout.logins));
  out.flights_ = chain::FlightTable(region.subspan(layout.flights, layout.lists - layout.flights),
                                    config->proxies().size());
  out.lists_ = {reinterpret_cast<const ListRecord*>(region.data() + layout.lists), list_count};
  return out;
}

size_t Session::HopAddresses(size_t proxy, Addresses* out) const {
  HopRecord* const record = RecordAt(hop_addresses_, proxy);
  if (record == nullptr) {
    return 0;
  }
  const uint64_t version = record->Load(HopRecord::kVersion);
  const uint64_t count = record->Load(HopRecord::kCount);
  const auto expires_ms = static_cast<int64_t>(record->Load(HopRecord::kExpiresMs));
  if (version % 2 != 0 || count > kMaxAddresses || base::NowMs() >= expires_ms) {
    return 0;
  }
  for (size_t i = 0; i < count; ++i) {
    (*out)[i] = record->LoadAddress(i);
  }
  return record->Load(HopRecord::kVersion) == version ? count : 0;
}

void Session::SetHopAddresses(size_t proxy, std::span<const base::IpAddress> addresses) {
  HopRecord* const record = RecordAt(hop_addresses_, proxy);
  if (record == nullptr) {
    return;
  }
  const std::atomic_ref<uint64_t> version(record->words[HopRecord::kVersion]);
  uint64_t before = version.load(std::memory_order_relaxed);
  // Another writer is at work, with the same answer: leave it to that one.
  if (before % 2 != 0 ||
      !version.compare_exchange_strong(before, before + 1, std::memory_order_acquire)) {
    return;
  }
  const size_t count = std::min(addresses.size(), kMaxAddresses);
  record->Store(HopRecord::kCount, count);
  for (size_t i = 0; i < count; ++i) {
    record->StoreAddress(i, addresses[i]);
  }
  record->Store(HopRecord::kExpiresMs,
                static_cast<uint64_t>(base::NowMs() + kHopAddressLifetimeMs));
  record->Store(HopRecord::kVersion, before + 2);
}

}  // namespace engine
