// Notifier: the kernel's side of seccomp notifications, small enough to be faked in a test.
//
// Every function returns 0 or more, or -errno. ENOENT means that the notification died: its thread
// was interrupted or is gone. Any thread.
#ifndef GOCHAIN_SUPERVISOR_NOTIFIER_H_
#define GOCHAIN_SUPERVISOR_NOTIFIER_H_

#include <linux/seccomp.h>

#include <cstddef>
#include <cstdint>

#include "base/fd.h"

namespace supervisor {

class Notifier {
 public:
  virtual ~Notifier() = default;

  // Takes the next notification; REQUIRES: the listener is readable, or this blocks.
  virtual int Receive(seccomp_notif* out) = 0;
  virtual int Answer(const seccomp_notif_resp& answer) = 0;
  virtual bool IsAlive(uint64_t id) = 0;
  // Returns the descriptor's number in the process.
  virtual int AddFd(const seccomp_notif_addfd& request) = 0;
};

class KernelNotifier final : public Notifier {
 public:
  explicit KernelNotifier(base::Fd listener);

  int listener() const { return listener_.get(); }
  // Calls under the filter fail with ENOSYS from now on.
  void Close() { listener_.Reset(); }

  int Receive(seccomp_notif* out) override;
  int Answer(const seccomp_notif_resp& answer) override;
  bool IsAlive(uint64_t id) override;
  int AddFd(const seccomp_notif_addfd& request) override;

 private:
  base::Fd listener_;
  size_t notification_size_;
  size_t answer_size_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_NOTIFIER_H_
