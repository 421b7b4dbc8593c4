// Crew: the threads that answer notifications, as leader and followers.
//
// One thread, the leader, waits for the next notification and deals with it itself: no hand-over
// between threads for a call that is answered at once, or for programs that connect one after the
// other. Before work that takes long, the leader hands the lead to a follower and goes on alone.
#ifndef GOCHAIN_SUPERVISOR_CREW_H_
#define GOCHAIN_SUPERVISOR_CREW_H_

#include <linux/seccomp.h>

#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "supervisor/notifier.h"
#include "supervisor/thread.h"

namespace supervisor {

class Crew {
 public:
  // One thread of the crew, as the work it does sees it.
  class Member {
   public:
    explicit Member(Crew& crew) : crew_(crew) {}

    // What a leader must look at while it waits for something else: when it becomes readable, it is
    // time to hand over. -1: somebody else leads.
    int watched() const { return leading_ ? crew_.listener_ : -1; }
    // Hands the lead over, if this thread has it. False where nobody could take it: then other
    // calls wait for this one.
    bool HandOver() { return crew_.HandOver(*this); }
    Ticker& ticker() { return ticker_; }

   private:
    friend class Crew;
    Crew& crew_;
    bool leading_ = false;
    Ticker ticker_;
  };

  class Work {
   public:
    // Answers `notification`, now or later. Called by many threads at once.
    virtual void Serve(const seccomp_notif& notification, Member& member) = 0;

   protected:
    ~Work() = default;
  };

  // `listener` is polled; it stays the notifier's.
  Crew(Notifier& notifier, int listener, Work& work)
      : notifier_(notifier), listener_(listener), work_(work) {}
  // Blocks until all threads are gone. REQUIRES: WaitForEnd() returned, or Start() never did.
  ~Crew();

  bool Start();
  // Returns when the last task under the filter is gone.
  void WaitForEnd();

 private:
  static void RunThread(void* crew);
  void Run();
  void Lead(Member& member);
  bool HandOver(Member& member);
  bool Spawn();  // REQUIRES: mutex_ is held

  Notifier& notifier_;
  const int listener_;
  Work& work_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable ended_condition_;
  size_t threads_ = 0;
  size_t idle_ = 0;
  bool has_leader_ = false;
  bool ended_ = false;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_CREW_H_
