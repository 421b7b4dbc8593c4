#include "supervisor/notifier.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/syscalls.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

namespace supervisor {
namespace {

// Room for what newer kernels may append to the structures of today (80 and 24 bytes).
constexpr size_t kMaxStructure = 512;

int Ioctl(int fd, unsigned long request, void* argument) {
  return static_cast<int>(
      sys::Call(SYS_ioctl, fd, static_cast<long>(request), reinterpret_cast<long>(argument)));
}

}  // namespace

KernelNotifier::KernelNotifier(base::Fd listener)
    : listener_(std::move(listener)),
      notification_size_(sizeof(seccomp_notif)),
      answer_size_(sizeof(seccomp_notif_resp)) {
  seccomp_notif_sizes sizes{};
  if (sys::Call(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, reinterpret_cast<long>(&sizes)) == 0) {
    notification_size_ = std::max<size_t>(notification_size_, sizes.seccomp_notif);
    answer_size_ = std::max<size_t>(answer_size_, sizes.seccomp_notif_resp);
  }
  if (notification_size_ > kMaxStructure || answer_size_ > kMaxStructure) {
    std::abort();
  }
  // Linux 6.6: program and supervisor take turns, so the waker's processor is the best place to
  // run on. Without it everything works, a little slower.
  (void)sys::Call(SYS_ioctl, listener_.get(), static_cast<long>(SECCOMP_IOCTL_NOTIF_SET_FLAGS),
                  SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

int KernelNotifier::Receive(seccomp_notif* out) {
  alignas(seccomp_notif) char buffer[kMaxStructure];
  std::memset(buffer, 0, notification_size_);  // the kernel insists on zeros
  const int result = Ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, buffer);
  if (result >= 0) {
    std::memcpy(out, buffer, sizeof *out);
  }
  return result;
}

int KernelNotifier::Answer(const seccomp_notif_resp& answer) {
  alignas(seccomp_notif_resp) char buffer[kMaxStructure];
  std::memset(buffer, 0, answer_size_);
  std::memcpy(buffer, &answer, sizeof answer);
  int result;
  do {
    result = Ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, buffer);
  } while (result == -EINTR);
  return result;
}

bool KernelNotifier::IsAlive(uint64_t id) {
  int result;
  do {
    result = Ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
  } while (result == -EINTR);
  return result == 0;
}

int KernelNotifier::AddFd(const seccomp_notif_addfd& request) {
  seccomp_notif_addfd copy = request;
  int result;
  do {
    result = Ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &copy);
  } while (result == -EINTR);
  return result;
}

}  // namespace supervisor
