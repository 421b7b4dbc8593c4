// Splice: one connection that the supervisor carries between its program and its far end.
//
// Both ends are non-blocking sockets, watched edge-triggered by whoever runs it: Ready() says what
// has happened, Move() does what can be done without waiting. Bytes go no faster than the slower
// end takes them. An end ends one direction; an accident, or a reset, both, and the other end sees
// a reset too, since data cut short must not look whole. Of one thread; the pool outlives it.
#ifndef GOCHAIN_SUPERVISOR_SPLICE_H_
#define GOCHAIN_SUPERVISOR_SPLICE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/fd.h"
#include "supervisor/gate.h"
#include "supervisor/pipe_pool.h"

namespace supervisor {

// The peer of `socket` sees a reset, and nothing of what is still on its way.
void CloseWithReset(base::Fd socket);

class Splice {
 public:
  enum class End : uint8_t { kProgram, kFar };
  enum class Moved : uint8_t {
    kMore,   // Move() again, after the others
    kWaits,  // until Ready()
    kOver,   // both ends are closed
  };

  // What the far end gets beside, or instead of, all that the program sends.
  struct Opening {
    std::string first;           // before anything of the program's
    std::unique_ptr<Gate> gate;  // through which the program's bytes go; none: all of them do
  };

  Splice(base::Fd program, base::Fd far, PipePool& pipes, Opening opening);
  ~Splice();
  Splice(const Splice&) = delete;
  Splice& operator=(const Splice&) = delete;

  int fd(End end) const { return side(end).fd.get(); }
  // `events` are epoll's.
  void Ready(End end, uint32_t events);
  Moved Move();
  // All that the program said is delivered, and that it says no more. The program may be gone now,
  // which nothing tells while the far end is silent: HolderOfPeer() does.
  bool IsHalfClosed() const {
    return directions_[0].over && !directions_[1].over &&
           (opening_.gate == nullptr || side(End::kProgram).hung_up);
  }
  // Ends it when the program is gone. To the far end that looks as if the program's own socket had
  // been its peer: the kernel answers what still comes with a reset.
  void LetGo() { directions_[1].over = true; }

  // In the queue of those that Move() left with kMore; its runner's.
  bool queued = false;

 private:
  struct Side {
    base::Fd fd;
    bool readable = true;
    bool writable = true;
    bool hung_up = false;  // its FIN is there, behind what is still to be read
    bool failed = false;   // the kernel has given the connection up: a reset, or a time-out
  };
  // What goes from one side to the other.
  struct Direction {
    Pipe pipe;
    uint32_t pending = 0;  // bytes in it
    bool ended = false;    // the sender has said all
    bool over = false;     // and so has been told, or nobody is there to be told
  };
  enum class Step : uint8_t { kDone, kBlocked, kCut };

  Side& side(End end) { return sides_[static_cast<size_t>(end)]; }
  const Side& side(End end) const { return sides_[static_cast<size_t>(end)]; }

  bool MoveSome(End from);  // true: there is more
  Step MovePiece(Direction& direction, Side& from, Side& to);
  Step SendFirst(Direction& direction, Side& to);
  Step Drain(Direction& direction, Side& to);
  Step Fill(Direction& direction, Side& from);
  Step PassThroughBuffer(Direction& direction, Side& from, Side& to);
  Step LoseReceiver(Direction& direction, Side& to);
  Step Receive(long got, Direction& direction, Side& from);
  bool IsHopeless() const;
  // Null: `direction` is the far end's, or all goes through.
  Gate* GateOf(const Direction& direction) const {
    return &direction == &directions_[0] ? opening_.gate.get() : nullptr;
  }
  void Finish();
  void DropUnread();

  PipePool& pipes_;
  Opening opening_;
  size_t first_sent_ = 0;
  Side sides_[2];
  Direction directions_[2];  // by their senders
  bool cut_ = false;
  bool asks_program_ = false;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_SPLICE_H_
