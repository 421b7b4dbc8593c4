// BackgroundDials: threads that dial while the program goes on. They start as they are needed; more
// dials than there may be threads wait for each other.
#ifndef GOCHAIN_SUPERVISOR_BACKGROUND_DIALS_H_
#define GOCHAIN_SUPERVISOR_BACKGROUND_DIALS_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "base/failure.h"
#include "base/fd.h"
#include "engine/event_log.h"
#include "engine/plan.h"
#include "engine/session.h"

namespace supervisor {

class BackgroundDials {
 public:
  // One connection to dial. The program may be gone when that begins, so all is known here.
  struct Job {
    virtual ~Job() = default;

    engine::Plan plan;
    int pid = 0;
    std::string exe;
    base::Fd program;  // our end of the program's connection
    base::Fd far;      // unconnected at first
    int domain = 0;    // of `far`
  };

  // Who goes on with a connection once its dial is over.
  class Taker {
   public:
    // On the dial's thread. 0: `job->far` is connected; else -errno, and why, where somebody is to
    // blame.
    virtual void Dialled(std::unique_ptr<Job> job, int result, const base::Failure& failure) = 0;

   protected:
    ~Taker() = default;
  };

  BackgroundDials(engine::Session& session, engine::Door door, Taker& taker)
      : session_(session), door_(door), taker_(taker) {}
  ~BackgroundDials();  // gives up what is left

  void Add(std::unique_ptr<Job> job);
  // Dials that run or wait to.
  size_t size();

 private:
  static void RunThread(void* dials);
  void Run();
  void Dial(std::unique_ptr<Job> job);

  engine::Session& session_;
  const engine::Door door_;
  Taker& taker_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable ended_;
  std::deque<std::unique_ptr<Job>> waiting_;
  size_t threads_ = 0;
  size_t idle_ = 0;
  size_t running_ = 0;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_BACKGROUND_DIALS_H_
