// Carrier: connections of programs with event loops, which are told at once that they are
// connected: to this process. It dials meanwhile, and then carries the bytes.
//
//   program ── its own socket ──▶ S 127.0.0.1:port ── S's socket ──▶ hop ▶ hop ▶ target
//
// What the program sends before the dial is up waits in the socket; a dial that fails resets the
// connection. Thread-safe; its listener and threads begin with the first connection.
#ifndef GOCHAIN_SUPERVISOR_CARRIER_H_
#define GOCHAIN_SUPERVISOR_CARRIER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/plan.h"
#include "engine/session.h"
#include "supervisor/asked_table.h"
#include "supervisor/background_dials.h"
#include "supervisor/caller.h"
#include "supervisor/event_loops.h"
#include "supervisor/loopback_door.h"
#include "supervisor/splice_loop.h"

namespace supervisor {

class Carrier {
 public:
  explicit Carrier(engine::Session& session)
      : session_(session), to_loop_(loop_), dials_(session, engine::Door::kRelay, to_loop_) {}

  bool IsGo(Caller& caller) { return programs_.IsGo(caller.tid()); }
  bool IsWatched(Caller& caller, int fd) { return programs_.IsWatched(caller.tid(), fd); }
  // Is the connect of `caller` that has `plan`, on stream socket `socket`, one to carry?
  bool Wants(Caller& caller, int socket, const engine::Plan& plan);

  struct Carried {
    // False: the socket is as before, and has to be dialled.
    bool is_answer = false;
    // What the program's connect says.
    int result = 0;
    // It is a new connection, for the kernel to `door`.
    bool is_new = false;
    base::Endpoint door;
  };
  // Takes the connection over. `socket` is a duplicate of the program's, of `domain`.
  Carried Carry(Caller& caller, int socket, int domain, const engine::Plan& plan);

  // What the program asked for, of a duplicate of its socket that is connected to `peer`; empty
  // where that isn't the door.
  std::optional<base::Endpoint> Asked(int socket, const base::Endpoint& peer);

  // Waits until no connection is left: true, or false where it takes more than `timeout_ms`
  // (-1: without limit).
  bool AwaitEnd(int64_t timeout_ms);

 private:
  enum class State : uint8_t { kClosed, kOpen, kFailed };

  // What is up is carried; else the program sees a reset.
  class ToLoop final : public BackgroundDials::Taker {
   public:
    explicit ToLoop(SpliceLoop& loop) : loop_(loop) {}
    void Dialled(std::unique_ptr<BackgroundDials::Job> job, int result,
                 const base::Failure& failure) override;

   private:
    SpliceLoop& loop_;
  };

  bool IsOpen();
  size_t Connections();
  AskedTable& AskedAt(const base::Endpoint& door) {
    return door.address().is_v4() ? asked_v4_ : asked_v6_;
  }

  engine::Session& session_;
  EventLoops programs_;
  LoopbackDoor door_;
  AskedTable asked_v4_;
  AskedTable asked_v6_;
  // Destroyed before the door that it watches, and after those who add to it.
  SpliceLoop loop_;
  ToLoop to_loop_;
  BackgroundDials dials_;
  std::mutex mutex_;
  std::atomic<State> state_{State::kClosed};
  size_t capacity_ = 0;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_CARRIER_H_
