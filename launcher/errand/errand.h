// Errand: work that waits as long as it likes and can't be told to stop, on a thread of its own.
//
// The owner waits for fd() beside all else it waits for. An owner that gives up just goes: the
// thread ends with its work, and nobody hears of it. So a process that runs errands ends by _exit,
// since exit(3) would take from under them what they stand on. Of the supervisor and the relay; one
// owner.
#ifndef GOCHAIN_ERRAND_ERRAND_H_
#define GOCHAIN_ERRAND_ERRAND_H_

#include <functional>
#include <memory>

namespace errand {

class Errand {
 public:
  // Begins at once. REQUIRES: `work` owns, or shares, all that it touches.
  explicit Errand(std::function<void()> work);
  ~Errand();
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  int fd() const;     // becomes readable when it is done, and stays so; not to be read
  bool done() const;  // doesn't wait; what the work wrote is then to be seen
  // 0, or the errno for which it never began. REQUIRES: done()
  int error() const;

 private:
  struct State;
  static void* Run(void* state);

  std::shared_ptr<State> state_;  // the thread's too
};

}  // namespace errand

#endif  // GOCHAIN_ERRAND_ERRAND_H_
