#include "engine/session.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

#include "engine/held_file.h"

namespace engine {
namespace {

// Another build's region is refused: the number changes with the layout.
constexpr uint64_t kMagic = 0x676f636861696e06;

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
  size_t ready;
  size_t said;
  size_t lists;
  size_t size;

  Layout(size_t header_size, size_t config_size, size_t proxy_count, size_t chain_count,
         size_t list_count)
      : config(Align(header_size)),
        names(config + Align(config_size)),
        answers(names + Align(names::NameTable::RegionSize())),
        peers(answers + Align(names::AnswerTable::RegionSize())),
        relay(peers + Align(names::PeerTable::RegionSize())),
        hops(relay + Align(RelayPlace::RegionSize())),
        health(hops + Align(HopAddressTable::RegionSize(proxy_count))),
        logins(health + Align(chain::HealthTable::RegionSize(proxy_count, chain_count))),
        flights(logins + Align(chain::AuthTable::RegionSize(proxy_count))),
        ready(flights + Align(chain::FlightTable::RegionSize(proxy_count))),
        said(ready + Align(ReadyTable::RegionSize(proxy_count))),
        lists(said + Align(SaidTable::RegionSize())),
        size(lists + Align(list_count * sizeof(ListRecord))) {}
};

}  // namespace

struct Session::Header {
  uint64_t magic;
  uint64_t size;
  uint64_t config_size;
  // Whose tables are borrowed: a number in the process that holds the region; negative: nobody's.
  int64_t lender_fd;
  uint64_t lends_relay;
  Settings settings;
};

base::Result<Session::Created> Session::Create(const Settings& settings,
                                               std::span<const uint8_t> config_image,
                                               std::span<const config::ListImage> lists,
                                               const Lender& lender) {
  auto created = CreateRegion(settings, config_image, lender);
  if (!created.ok()) {
    return created;
  }
  Session& session = created->session;
  if (lender.fd >= 0) {
    const auto borrowed = session.Borrow(lender);
    if (!borrowed.ok()) {
      return borrowed.error();
    }
  }
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
  return CreateRegion(settings, config_image, {});
}

base::Result<base::Fd> Session::CreateTables(std::span<const uint8_t> config_image) {
  auto created = CreateRegion({}, config_image, {});
  if (!created.ok()) {
    return created.error();
  }
  created->session.Unmap();
  return std::move(created->fd);
}

base::Result<Session::Created> Session::CreateRegion(const Settings& settings,
                                                     std::span<const uint8_t> config_image,
                                                     const Lender& lender) {
  const auto config = config::Config::FromImage(config_image);
  if (!config.ok()) {
    return config.error();
  }
  const Layout layout(sizeof(Header), config_image.size(), config->proxies().size(),
                      config->chains().size(), config->lists().size());
  const long made = sys::Call(SYS_memfd_create, reinterpret_cast<long>("gochain"),
                              MFD_CLOEXEC | MFD_ALLOW_SEALING);
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
  const Header header{kMagic,
                      layout.size,
                      config_image.size(),
                      static_cast<int64_t>(lender.fd),
                      lender.lends_relay ? uint64_t{1} : 0,
                      settings};
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
  auto session = OpenWithoutLists(fd.get());
  if (!session.ok()) {
    return session;
  }
  const auto views = OpenLists(path, session->lists_);
  if (!views.ok()) {
    session->Unmap();
    return views.error();
  }
  session->config_.SetLists(views.value());
  if (session->header_->lender_fd >= 0) {
    const base::Fd lender(
        OpenHeld(path, static_cast<uint64_t>(session->header_->lender_fd), O_RDWR));
    const auto borrowed =
        lender.valid() ? session->Borrow({lender.get(), session->header_->lends_relay != 0})
                       : base::Result<bool>(base::Error{-lender.get(), "open of the tables"});
    if (!borrowed.ok()) {
      session->Unmap();
      return borrowed.error();
    }
  }
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
  const Layout without_hops(sizeof(Header), header->config_size, 0, 0, 0);
  if (without_hops.size > region.size()) {
    return bad;
  }
  const auto config =
      config::Config::FromImage({region.data() + without_hops.config, header->config_size});
  if (!config.ok()) {
    return config.error();
  }
  const size_t list_count = config->lists().size();
  const Layout layout(sizeof(Header), header->config_size, config->proxies().size(),
                      config->chains().size(), list_count);
  if (layout.size != region.size()) {
    return bad;
  }
  Session out;
  out.header_ = header;
  out.settings_ = &header->settings;
  out.config_ = config.value();
  out.config_image_ = region.subspan(without_hops.config, header->config_size);
  out.own_.names = names::NameTable(region.subspan(layout.names, names::NameTable::RegionSize()));
  out.own_.answers =
      names::AnswerTable(region.subspan(layout.answers, names::AnswerTable::RegionSize()));
  out.own_.peers = names::PeerTable(region.subspan(layout.peers, names::PeerTable::RegionSize()));
  out.own_.relay = RelayPlace(region.subspan(layout.relay, RelayPlace::RegionSize()));
  out.own_.hop_addresses = HopAddressTable(
      region.subspan(layout.hops, HopAddressTable::RegionSize(config->proxies().size())));
  out.own_.health = chain::HealthTable(region.subspan(layout.health, layout.logins - layout.health),
                                       config->proxies().size(), config->globals().retry_after_ms);
  out.own_.logins = chain::AuthTable(region.subspan(layout.logins, layout.flights - layout.logins));
  out.flights_ = chain::FlightTable(region.subspan(layout.flights, layout.ready - layout.flights),
                                    config->proxies().size());
  out.ready_ =
      ReadyTable(region.subspan(layout.ready, ReadyTable::RegionSize(config->proxies().size())));
  out.own_.said = SaidTable(region.subspan(layout.said, SaidTable::RegionSize()));
  out.lists_ = {reinterpret_cast<const ListRecord*>(region.data() + layout.lists), list_count};
  return out;
}

void Session::Unmap() { sys::Unmap(header_, header_->size); }

int Session::OpenTables(const char* path) {
  const int opened = sys::Open(path, O_RDWR);
  if (opened < 0) {
    return opened;
  }
  base::Fd fd(opened);
  auto session = OpenWithoutLists(opened);
  if (!session.ok()) {
    return -session.error().code;
  }
  const int64_t lender = session->header_->lender_fd;
  session->Unmap();
  return lender < 0 ? fd.Release() : OpenHeld(path, static_cast<uint64_t>(lender), O_RDWR);
}

base::Result<Session> Session::OpenLender(int fd, std::span<const uint8_t> config_image) {
  auto lender = OpenWithoutLists(fd);
  if (lender.ok() && !std::ranges::equal(config_image, lender->config_image_)) {
    lender->Unmap();
    return base::Error{EINVAL, "tables of other rules"};
  }
  return lender;
}

bool Session::CanLend(int fd, std::span<const uint8_t> config_image) {
  auto lender = OpenLender(fd, config_image);
  if (lender.ok()) {
    lender->Unmap();
  }
  return lender.ok();
}

base::Result<bool> Session::Borrow(const Lender& lender) {
  auto other = OpenLender(lender.fd, config_image_);
  if (!other.ok()) {
    return other.error();
  }
  // Not malloc(3): a program's signal handler may connect.
  const long memory = sys::Call(SYS_mmap, 0, sizeof(Tables), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (memory < 0 && memory > -4096) {
    other->Unmap();
    return base::Error{ENOMEM, "mmap"};
  }
  auto* const tables = new (reinterpret_cast<void*>(memory)) Tables(other->own_);
  if (!lender.lends_relay) {
    tables->relay = own_.relay;
  }
  Tables* none = nullptr;
  if (!std::atomic_ref<Tables*>(borrowed_).compare_exchange_strong(none, tables,
                                                                   std::memory_order_acq_rel)) {
    sys::Unmap(tables, sizeof(Tables));
    other->Unmap();
  }
  return true;
}

std::optional<base::Endpoint> Session::AnsweredName(const base::IpAddress& address) const {
  auto name = tables().answers.NameOf(address);
  return name || !borrows() ? name : own_.answers.NameOf(address);
}

}  // namespace engine
