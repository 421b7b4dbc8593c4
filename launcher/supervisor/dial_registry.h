// DialRegistry: the dials that are running, so that an interrupted connect finds its own again.
//
// A signal kills the notification of a trapped call, but not the dial: the handler runs at once,
// and the restarted connect is a new notification for the same socket and target, which takes the
// old one's place here. A dial whose program doesn't come back is given up, and a result that
// nobody fetched is undone by who dialled. Thread-safe.
#ifndef GOCHAIN_SUPERVISOR_DIAL_REGISTRY_H_
#define GOCHAIN_SUPERVISOR_DIAL_REGISTRY_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/endpoint.h"
#include "supervisor/notifier.h"

namespace supervisor {

class DialRegistry {
 public:
  // How long a program may take to restart its connect. Go's SIGURG takes microseconds, a handler
  // that does something a little more. One that comes later begins a dial anew, and a program that
  // doesn't come back, since its call said EINTR, is rid of the dial as soon.
  static constexpr int64_t kReattachMs = 300;
  // How long the result of a dial waits for a restarted connect.
  static constexpr int64_t kKeepResultMs = 2000;

  explicit DialRegistry(Notifier& notifier) : notifier_(notifier) {}

  // One dial. Its fields belong to the registry.
  class Running {
   public:
    Running(uint64_t inode, const base::Endpoint& asked, uint64_t id)
        : inode_(inode), asked_(asked), id_(id) {}

   private:
    friend class DialRegistry;
    uint64_t inode_;
    base::Endpoint asked_;
    uint64_t id_;                   // the notification to answer
    int64_t missing_since_ms_ = 0;  // since when it is known to be dead; 0: it isn't
    bool given_up_ = false;
    bool finished_ = false;  // result_ waits to be fetched
    bool fetched_ = false;
    int64_t result_ = 0;
    std::condition_variable changed_;
  };
  using Ticket = std::shared_ptr<Running>;

  enum class Entered : uint8_t {
    kStarted,   // the caller dials, with `ticket`
    kAttached,  // whoever dials answers this notification
    kFinished,  // the dial is over: `result`
    kBusy,      // another thread's connect is at work on this socket
    kEnding,    // a dial is being given up whose call died: AwaitEnd(ticket), then enter again
  };
  struct Entry {
    Entered entered;
    Ticket ticket;
    int64_t result = 0;
  };

  // Notification `id` asks to connect socket `inode` to `asked`.
  Entry Enter(uint64_t inode, const base::Endpoint& asked, uint64_t id);

  // Returns false where the dial doesn't end as soon as it should.
  bool AwaitEnd(const Ticket& ticket);

  // True while somebody waits for the dial, or may come back for it.
  bool IsWanted(const Ticket& ticket, int64_t now_ms);
  // The notification that a dial would answer now.
  uint64_t CurrentId(const Ticket& ticket);
  // The dial goes on on another socket.
  void Move(const Ticket& ticket, uint64_t inode);
  // Gives up whatever runs on `inode`.
  void GiveUp(uint64_t inode);
  bool Has(uint64_t inode);
  bool empty();

  // The dial is over: answers the notification. False where that is dead: then `result` (>= 0 or
  // -errno) waits for a restarted call, and AwaitFetch() must follow.
  bool Answer(const Ticket& ticket, int64_t result);
  // Returns whether somebody fetched the result. Blocks for kKeepResultMs at most, less where
  // `gone_fd` (a pidfd, or -1) becomes readable.
  bool AwaitFetch(const Ticket& ticket, int gone_fd);
  // The dial is over and its result is of no use to anybody.
  void Drop(const Ticket& ticket);

 private:
  // REQUIRES, both: mutex_ is held
  bool IsEntered(const Ticket& ticket) const;
  void Erase(const Ticket& ticket);

  Notifier& notifier_;
  std::mutex mutex_;
  std::unordered_map<uint64_t, Ticket> by_inode_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_DIAL_REGISTRY_H_
