// SpliceLoop: the thread that carries the connections of programs whose dials are up, all of them.
//
// It starts with the first connection. It also watches the listeners of the door through which
// programs come, and has it turn strangers away.
#ifndef GOCHAIN_SUPERVISOR_SPLICE_LOOP_H_
#define GOCHAIN_SUPERVISOR_SPLICE_LOOP_H_

#include <sys/epoll.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "base/fd.h"
#include "supervisor/pipe_pool.h"
#include "supervisor/splice.h"

namespace supervisor {

class SpliceLoop {
 public:
  // What else happens on the thread.
  class Watcher {
   public:
    // One of the watched descriptors is readable: it is read until there is no more.
    virtual void Readable() = 0;

   protected:
    ~Watcher() = default;
  };

  SpliceLoop() = default;
  ~SpliceLoop();  // cuts what is left
  SpliceLoop(const SpliceLoop&) = delete;
  SpliceLoop& operator=(const SpliceLoop&) = delete;

  // Starts the thread; false where there is no room for it. Once.
  bool Start();
  // REQUIRES, both: Start() was true. Any thread.
  void Watch(int fd, Watcher& watcher);
  void Add(base::Fd program, base::Fd far, Splice::Opening opening = {});

  // Connections that are carried, or will be.
  size_t size();

 private:
  struct Ends {
    base::Fd program;
    base::Fd far;
    Splice::Opening opening;
  };

  static void RunThread(void* loop);
  void Run();
  int Patience() const;
  void TakeIn();
  void Enter(Ends ends);
  void Serve(const epoll_event& event);
  void Move(Splice* splice);
  void LookAtHalfClosed();
  void Bury(Splice* splice);
  void Wake();

  base::Fd epoll_;
  base::Fd wake_;
  PipePool pipes_;
  // The thread's own.
  std::unordered_set<Splice*> splices_;
  std::vector<Splice*> queue_;
  std::unordered_set<Splice*> half_closed_;
  // When it is looked next whether their programs are gone, and how long before the one after.
  int64_t look_at_ms_ = 0;
  int64_t look_every_ms_ = 0;
  std::vector<std::unique_ptr<Splice>> over_;  // events for them may still be at hand

  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<Ends> inbox_;
  Watcher* watcher_ = nullptr;
  size_t size_ = 0;
  bool running_ = false;
  bool stopping_ = false;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_SPLICE_LOOP_H_
