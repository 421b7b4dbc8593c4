// Listener: a proxy on a port of this machine that obeys the rules, for programs that can be told
// of a proxy: SOCKS5, SOCKS4(a) and HTTP, whichever a client speaks.
//
//   program ── SOCKS or HTTP ──▶ listener ── hop ▶ hop ▶ target
//
// Each request is planned as a program's connect is, by the name that the client gave. Then the
// bytes are carried as the supervisor does it. Which program a client is nobody knows: rules for
// programs don't match it.
#ifndef GOCHAIN_LISTENER_LISTENER_H_
#define GOCHAIN_LISTENER_LISTENER_H_

#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/endpoint.h"
#include "base/fd.h"
#include "base/result.h"
#include "engine/session.h"
#include "listener/clients.h"
#include "listener/request.h"
#include "supervisor/background_dials.h"
#include "supervisor/splice_loop.h"

namespace listener {

// A socket that listens at `at`, an address; port 0 for one of the kernel's choice.
base::Result<base::Fd> Listen(const base::Endpoint& at);
// Where it listens.
base::Endpoint AddressOf(int socket);

class Listener final : Clients::Taker, supervisor::BackgroundDials::Taker {
 public:
  struct Options {
    // Other users of this machine, but root, are turned away, where the kernel tells them.
    bool own_user_only = false;
    Clients::Patience patience = {};
  };

  // `socket` is of Listen(). REQUIRES: `session` outlives this.
  Listener(engine::Session& session, base::Fd socket, const Options& options);
  // Cuts what is left.
  ~Listener();

  // Starts the threads and raises the soft limit of descriptors; false where there is no room for
  // them. Once.
  bool Start();
  // Nobody is taken any more; connections that are up, or will be, go on.
  void StopTaking() { clients_.Stop(); }
  // Waits until no connection is left: true, or false where it takes more than `timeout_ms` (-1:
  // without limit).
  bool AwaitEnd(int64_t timeout_ms);

 private:
  struct Job;

  bool Admits(int client) override;
  bool HasRoom(size_t heard) override;
  void Requested(base::Fd client, Request request) override;
  void Dialled(std::unique_ptr<supervisor::BackgroundDials::Job> job, int result,
               const base::Failure& failure) override;
  size_t Connections() { return dials_.size() + loop_.size(); }
  void Refuse(base::Fd client, const Request& request, const base::Failure& failure);

  engine::Session& session_;
  const Options options_;
  size_t capacity_ = 0;
  // In this order: the dials, which end first, hand over to the others.
  supervisor::SpliceLoop loop_;
  Clients clients_;
  supervisor::BackgroundDials dials_;
};

}  // namespace listener

#endif  // GOCHAIN_LISTENER_LISTENER_H_
