// Call: one trapped system call and the duty to answer it.
//
// A call that nobody answered is answered EACCES when the object goes, so no path lets traffic out
// or leaves a thread waiting. An answer that comes too late is no error. One owner, any thread.
#ifndef GOCHAIN_SUPERVISOR_CALL_H_
#define GOCHAIN_SUPERVISOR_CALL_H_

#include <linux/seccomp.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/fd.h"
#include "supervisor/notifier.h"

namespace supervisor {

class Call {
 public:
  Call(const seccomp_notif& notification, Notifier& notifier)
      : notification_(notification), notifier_(notifier) {}
  ~Call() {
    if (!answered_) {
      Fail(EACCES);
    }
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  uint64_t id() const { return notification_.id; }
  pid_t tid() const { return static_cast<pid_t>(notification_.pid); }
  const seccomp_data& data() const { return notification_.data; }
  uint64_t argument(unsigned index) const { return notification_.data.args[index]; }
  int int_argument(unsigned index) const { return static_cast<int>(argument(index)); }

  bool IsAlive() { return notifier_.IsAlive(id()); }

  // Lets the kernel go on with the program's own call.
  void Continue() { Send(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE); }
  void Fail(int error) { Send(-error, 0, 0); }
  void Return(int64_t value) { Send(0, value, 0); }
  // `result` as system calls have it: >= 0, or -errno.
  void Finish(int64_t result) {
    Send(result < 0 ? static_cast<int>(result) : 0, result < 0 ? 0 : result, 0);
  }

  // Somebody else answers `id()`.
  void Release() { answered_ = true; }

  // Keeps a duplicate of the program's socket until the call is answered, and no longer: the
  // program runs on at the answer and may close its socket, and a duplicate would keep that in
  // epoll sets, and its port taken.
  void Keep(base::Fd duplicate) { duplicate_ = std::move(duplicate); }
  // For who answers a released call.
  void LetGo() { duplicate_.Reset(); }

  // Gives the process a duplicate of `fd`, in the place of its descriptor `replaced` where that is
  // >= 0. `answer`: the call returns its number, and is answered with that if all went well.
  // Returns the number in the process, or -errno.
  int Give(int fd, int replaced, bool close_on_exec, bool answer);

 private:
  void Send(int error, int64_t value, uint32_t flags) {
    answered_ = true;
    LetGo();
    seccomp_notif_resp response{};
    response.id = id();
    response.error = error;
    response.val = value;
    response.flags = flags;
    // ENOENT: the thread was interrupted or is gone; the call starts anew or never happened.
    (void)notifier_.Answer(response);
  }

  seccomp_notif notification_;
  Notifier& notifier_;
  bool answered_ = false;
  base::Fd duplicate_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_CALL_H_
