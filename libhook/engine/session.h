// Session: one gochain run, as every process of its tree sees it.
//
// It is a view of one shared memory region (a memfd that the supervisor process holds and others
// open as /proc/PID/fd/N, so no writable file system is needed): run settings, the compiled Config,
// and the tables of what its processes find out. The launcher creates it; the library opens it, or,
// started without a launcher, builds one of its own from GOCHAIN_CONF, GOCHAIN_PROXY and their
// like.
//
// A run within another, and a library alone, have settings and rules of their own and borrow the
// tables of a region that others use: the outer run's, or that of a broker (broker.h).
// Async-signal-safe after construction, any thread; lives until the process ends.
#ifndef GOCHAIN_ENGINE_SESSION_H_
#define GOCHAIN_ENGINE_SESSION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "chain/auth_table.h"
#include "chain/flight_table.h"
#include "chain/health_table.h"
#include "config/config.h"
#include "config/list_cache.h"
#include "engine/hop_address_table.h"
#include "engine/list_maps.h"
#include "engine/ready_table.h"
#include "engine/relay_place.h"
#include "engine/said_table.h"
#include "engine/settings.h"
#include "names/answer_table.h"
#include "names/name_table.h"
#include "names/peer_table.h"

namespace engine {

// What the processes that share a region find out and tell each other.
struct Tables {
  names::NameTable names;
  names::AnswerTable answers;
  names::PeerTable peers;
  chain::AuthTable logins;
  chain::HealthTable health;
  HopAddressTable hop_addresses;
  RelayPlace relay;
  SaidTable said;
};

// A region whose tables another session borrows.
struct Lender {
  int fd = -1;               // none
  bool lends_relay = false;  // else the borrower's relay is one of its own
};

class Session {
 public:
  // Creates a region holding `settings` and a copy of `config_image`, and maps `lists`; `fd`, those
  // of the lists and the lender's are the caller's to keep open for as long as other processes
  // shall open the region.
  struct Created;
  static base::Result<Created> Create(const Settings& settings,
                                      std::span<const uint8_t> config_image,
                                      std::span<const config::ListImage> lists,
                                      const Lender& lender = {});

  // The same for the relay, which asks no rules, and so no lists.
  static base::Result<Created> CreateWithoutLists(const Settings& settings,
                                                  std::span<const uint8_t> config_image);

  // A region of which the tables are all that counts: to be lent to those who have these rules.
  static base::Result<base::Fd> CreateTables(std::span<const uint8_t> config_image);

  // Maps a region that another process made. `path` is the value of GOCHAIN_STATE.
  static base::Result<Session> Open(const char* path);

  // The same with a descriptor of the region and without the lists: for the relay, which asks no
  // rules.
  static base::Result<Session> OpenWithoutLists(int fd);

  // A descriptor of the region at `path`, or of the one whose tables that borrows: what a run
  // within that run may borrow; or -errno.
  static int OpenTables(const char* path);

  // True where `fd` is a region with these rules, and its tables may be borrowed.
  static bool CanLend(int fd, std::span<const uint8_t> config_image);

  // From now on the tables are those of the lender, which must have the same rules. At most once:
  // where several threads do it, the first one's holds.
  base::Result<bool> Borrow(const Lender& lender);
  bool borrows() const { return borrowed() != nullptr; }

  const Settings& settings() const { return *settings_; }
  // REQUIRES: nobody else has opened the region yet.
  void SetSocketsTrapped() { settings_->sockets_trapped = true; }
  const config::Config& config() const { return config_; }
  std::span<const uint8_t> config_image() const { return config_image_; }
  std::span<const ListRecord> lists() const { return lists_; }
  names::NameTable& names() { return tables().names; }
  names::AnswerTable& answers() { return tables().answers; }
  names::PeerTable& peers() { return tables().peers; }
  chain::AuthTable& logins() { return tables().logins; }
  // Of this run alone: its own supervisor has trials made.
  chain::FlightTable& flights() { return flights_; }
  // Likewise: they are its own supervisor's.
  ReadyTable& ready() { return ready_; }
  RelayPlace& relay() { return tables().relay; }
  SaidTable& said() { return tables().said; }
  const chain::HealthTable& health() const { return tables().health; }

  // The name that a program was told `address` for: by any process that shares the tables, or by
  // this one before it borrowed them.
  std::optional<base::Endpoint> AnsweredName(const base::IpAddress& address) const;

  // The addresses of proxy number `proxy`, where some process of the tree has looked its name up
  // less than a minute ago; returns how many.
  size_t HopAddresses(size_t proxy, Addresses* out) const {
    return tables().hop_addresses.Find(proxy, out);
  }
  void SetHopAddresses(size_t proxy, std::span<const base::IpAddress> addresses) {
    tables().hop_addresses.Set(proxy, addresses);
  }

 private:
  struct Header;

  static base::Result<Created> CreateRegion(const Settings& settings,
                                            std::span<const uint8_t> config_image,
                                            const Lender& lender);
  static base::Result<std::span<uint8_t>> MapRegion(int fd);
  static base::Result<Session> OpenLender(int fd, std::span<const uint8_t> config_image);
  static base::Result<Session> FromRegion(std::span<uint8_t> region);

  Tables* borrowed() const {
    return std::atomic_ref<Tables*>(borrowed_).load(std::memory_order_acquire);
  }
  Tables& tables() { return borrows() ? *borrowed() : own_; }
  const Tables& tables() const { return borrows() ? *borrowed() : own_; }

  void Unmap();

  Header* header_ = nullptr;
  Settings* settings_ = nullptr;  // in the header
  config::Config config_;
  std::span<const uint8_t> config_image_;
  std::span<const ListRecord> lists_;
  chain::FlightTable flights_;
  ReadyTable ready_;
  Tables own_;
  mutable Tables* borrowed_ = nullptr;  // in memory of its own; set once
};

struct Session::Created {
  Session session;
  base::Fd fd;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_SESSION_H_
