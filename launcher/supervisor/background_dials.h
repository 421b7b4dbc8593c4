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

#include "base/fd.h"
#include "engine/connector.h"
#include "engine/plan.h"
#include "engine/session.h"
#include "supervisor/splice_loop.h"

namespace supervisor {

class BackgroundDials {
 public:
  // One connection to dial. The program may be gone when that begins, so all is known here.
  struct Job {
    engine::Plan plan;
    int pid = 0;
    std::string exe;
    base::Fd program;  // our end of the program's connection
    base::Fd far;      // unconnected
    int domain = 0;    // of `far`
  };

  // What is up goes to `loop`.
  BackgroundDials(engine::Session& session, SpliceLoop& loop) : session_(session), loop_(loop) {}
  ~BackgroundDials();  // gives up what is left

  void Add(std::unique_ptr<Job> job);
  // Dials that run or wait to.
  size_t size();

 private:
  static void RunThread(void* dials);
  void Run();
  void Dial(Job& job);

  engine::Session& session_;
  SpliceLoop& loop_;
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
