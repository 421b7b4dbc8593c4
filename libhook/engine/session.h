// Session: one gochain run, as every process of its tree sees it.
//
// It is a view of one shared memory region (a memfd that the supervisor process holds and others
// open as /proc/PID/fd/N, so no writable file system is needed): run settings, the compiled Config,
// the tables of made-up addresses, of answers and of peers, the addresses of first hops, their
// health, what they stand, and where the relay is. The launcher creates it; the library opens it,
// or, started without a launcher, builds one of its own from GOCHAIN_CONF, GOCHAIN_PROXY and their
// like. Async-signal-safe after construction, any thread; lives until the process ends.
#ifndef GOCHAIN_ENGINE_SESSION_H_
#define GOCHAIN_ENGINE_SESSION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "chain/auth_table.h"
#include "chain/flight_table.h"
#include "chain/health_table.h"
#include "config/config.h"
#include "config/list_cache.h"
#include "engine/list_maps.h"
#include "engine/relay_place.h"
#include "engine/settings.h"
#include "names/answer_table.h"
#include "names/name_table.h"
#include "names/peer_table.h"

namespace engine {

// Of one name; more are left out.
inline constexpr size_t kMaxAddresses = 8;
using Addresses = std::array<base::IpAddress, kMaxAddresses>;

class Session {
 public:
  // Creates a region holding `settings` and a copy of `config_image`, and maps `lists`; `fd` and
  // those of the lists are the caller's to keep open for as long as other processes shall open the
  // region.
  struct Created;
  static base::Result<Created> Create(const Settings& settings,
                                      std::span<const uint8_t> config_image,
                                      std::span<const config::ListImage> lists);

  // The same for the relay, which asks no rules, and so no lists.
  static base::Result<Created> CreateWithoutLists(const Settings& settings,
                                                  std::span<const uint8_t> config_image);

  // Maps a region that another process made. `path` is the value of GOCHAIN_STATE.
  static base::Result<Session> Open(const char* path);

  // The same with a descriptor of the region and without the lists: for the relay, which asks no
  // rules.
  static base::Result<Session> OpenWithoutLists(int fd);

  const Settings& settings() const { return *settings_; }
  // REQUIRES: nobody else has opened the region yet.
  void SetSocketsTrapped() { settings_->sockets_trapped = true; }
  const config::Config& config() const { return config_; }
  std::span<const uint8_t> config_image() const { return config_image_; }
  std::span<const ListRecord> lists() const { return lists_; }
  names::NameTable& names() { return names_; }
  names::AnswerTable& answers() { return answers_; }
  names::PeerTable& peers() { return peers_; }
  chain::AuthTable& logins() { return logins_; }
  chain::FlightTable& flights() { return flights_; }
  RelayPlace& relay() { return relay_; }
  const chain::HealthTable& health() const { return health_; }

  // The addresses of proxy number `proxy`, where some process of the tree has looked its name up
  // less than a minute ago; returns how many.
  size_t HopAddresses(size_t proxy, Addresses* out) const;
  void SetHopAddresses(size_t proxy, std::span<const base::IpAddress> addresses);

 private:
  static base::Result<std::span<uint8_t>> MapRegion(int fd);
  static base::Result<Session> FromRegion(std::span<uint8_t> region);

  Settings* settings_ = nullptr;
  config::Config config_;
  std::span<const uint8_t> config_image_;
  names::NameTable names_;
  names::AnswerTable answers_;
  names::PeerTable peers_;
  chain::AuthTable logins_;
  chain::FlightTable flights_;
  RelayPlace relay_;
  std::span<uint8_t> hop_addresses_;
  chain::HealthTable health_;
  std::span<const ListRecord> lists_;
};

struct Session::Created {
  Session session;
  base::Fd fd;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_SESSION_H_
