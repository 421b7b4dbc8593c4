#include "supervisor/filter.h"

#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <initializer_list>
#include <memory>

#include "base/syscalls.h"

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif

namespace supervisor {
namespace {

// One row for each machine: its own ABI, and the other one that its kernel runs.
struct Machine {
  uint32_t native;
  uint32_t foreign;
};
#if defined(__x86_64__)
constexpr Machine kMachine{SCMP_ARCH_X86_64, SCMP_ARCH_X86};
#elif defined(__aarch64__)
constexpr Machine kMachine{SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
#else
#error "a new machine needs its row"
#endif

// The kernel reads these arguments as int: what stands in the upper half doesn't count.
constexpr uint64_t kInt = 0xffffffff;
constexpr uint64_t kSocketTypeMask = 0xf;  // SOCK_TYPE_MASK of net.h; above it are the flags
constexpr uint64_t kFastOpen = MSG_FASTOPEN;

using Conditions = std::initializer_list<scmp_arg_cmp>;

scmp_arg_cmp Equal(unsigned argument, uint64_t mask, uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}
scmp_arg_cmp NotEqual(unsigned argument, uint64_t value) {
  return {argument, SCMP_CMP_NE, value, 0};
}

// A filter under construction; remembers the first failure.
class Builder {
 public:
  explicit Builder(uint32_t architecture) : context_(seccomp_init(SCMP_ACT_ALLOW)) {
    if (context_ == nullptr) {
      error_ = -ENOMEM;
      return;
    }
    // x32, and whatever else a kernel may run one day.
    Check(seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
    if (architecture != seccomp_arch_native()) {
      Check(seccomp_arch_add(context_, architecture));
      Check(seccomp_arch_remove(context_, SCMP_ARCH_NATIVE));
    }
  }
  ~Builder() {
    if (context_ != nullptr) {
      seccomp_release(context_);
    }
  }
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  void Notify(int call, Conditions conditions = {}) {
    Check(seccomp_rule_add_array(context_, SCMP_ACT_NOTIFY, call,
                                 static_cast<unsigned>(conditions.size()), conditions.begin()));
  }

  // Notifies unless the cookie is there, from argument `first` on: one half missing is enough.
  void NotifyWithout(uint64_t cookie, int call, Conditions conditions = {}, unsigned first = 3) {
    if (cookie == 0) {
      Notify(call, conditions);
      return;
    }
    for (const scmp_arg_cmp& missing : {NotEqual(first, cookie), NotEqual(first + 1, ~cookie)}) {
      std::vector<scmp_arg_cmp> all(conditions);
      all.push_back(missing);
      Check(seccomp_rule_add_array(context_, SCMP_ACT_NOTIFY, call,
                                   static_cast<unsigned>(all.size()), all.data()));
    }
  }

  void Deny(int call, int error, Conditions conditions = {}) {
    Check(seccomp_rule_add_array(context_, SCMP_ACT_ERRNO(static_cast<uint32_t>(error)), call,
                                 static_cast<unsigned>(conditions.size()), conditions.begin()));
  }

  // Takes all of `other`, which is empty then.
  void Merge(Builder* other) {
    Check(other->error_);
    if (error_ == 0) {
      Check(seccomp_merge(context_, std::exchange(other->context_, nullptr)));
    }
  }

  base::Result<std::vector<sock_filter>> Export() {
    const long made = sys::Call(SYS_memfd_create, reinterpret_cast<long>("filter"), MFD_CLOEXEC);
    if (made < 0) {
      return base::Error{static_cast<int>(-made), "memfd_create"};
    }
    const base::Fd file(static_cast<int>(made));
    if (error_ == 0) {
      Check(seccomp_export_bpf(context_, file.get()));
    }
    if (error_ != 0) {
      return base::Error{-error_, "libseccomp"};
    }
    struct stat status;
    if (const int result = sys::Fstat(file.get(), &status); result < 0) {
      return base::Error{-result, "fstat"};
    }
    const auto bytes = static_cast<size_t>(status.st_size);
    std::vector<sock_filter> program(bytes / sizeof(sock_filter));
    if (sys::Pread(file.get(), program.data(), bytes, 0) != static_cast<long>(bytes)) {
      return base::Error{EIO, "read"};
    }
    return program;
  }

 private:
  void Check(int result) {
    if (error_ == 0 && result < 0) {
      error_ = result;
    }
  }

  scmp_filter_ctx context_;
  int error_ = 0;
};

// Options of SCTP that connect, see linux/sctp.h.
constexpr uint64_t kConnectxOld = 107;
constexpr uint64_t kConnectx = 110;
constexpr uint64_t kConnectx3 = 111;

void DenyConnectx(Builder& builder) {
  const scmp_arg_cmp of_sctp = Equal(1, kInt, IPPROTO_SCTP);
  builder.Deny(SCMP_SYS(setsockopt), EACCES, {of_sctp, Equal(2, kInt, kConnectxOld)});
  builder.Deny(SCMP_SYS(setsockopt), EACCES, {of_sctp, Equal(2, kInt, kConnectx)});
  builder.Deny(SCMP_SYS(getsockopt), EACCES, {of_sctp, Equal(2, kInt, kConnectx3)});
}

void DenyRings(Builder& builder) {
  // A ring connects without a system call for each; programs fall back where there is none.
  for (const int call :
       {SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register)}) {
    builder.Deny(call, ENOSYS);
  }
}

void AddNative(Builder& builder, const FilterOptions& options) {
  builder.NotifyWithout(options.cookie, SCMP_SYS(connect));
  builder.NotifyWithout(options.cookie, SCMP_SYS(getpeername));
  builder.Notify(SCMP_SYS(sendto), {NotEqual(4, 0)});
  builder.Notify(SCMP_SYS(sendto), {Equal(3, kFastOpen, kFastOpen)});
  // Their address is behind a pointer, so all are looked at that the library hasn't.
  builder.NotifyWithout(options.cookie, SCMP_SYS(sendmsg));
  builder.NotifyWithout(options.cookie, SCMP_SYS(sendmmsg), {}, 4);
  if (options.block_connectx) {
    DenyConnectx(builder);
  }
  if (options.trap_sockets) {
    for (const int domain : {AF_INET, AF_INET6}) {
      for (const __socket_type type : {SOCK_STREAM, SOCK_DGRAM}) {
        builder.NotifyWithout(options.cookie, SCMP_SYS(socket),
                              {Equal(0, kInt, static_cast<uint64_t>(domain)),
                               Equal(1, kSocketTypeMask, static_cast<uint64_t>(type))});
      }
    }
    builder.Notify(SCMP_SYS(bind));
    builder.Notify(SCMP_SYS(listen));
  }
  DenyRings(builder);
}

// Calls of the foreign ABI that reach out; libseccomp adds their forms through socketcall(2).
void AddForeign(Builder& builder) {
  for (const int call :
       {SCMP_SYS(connect), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg)}) {
    builder.Notify(call);
  }
  DenyRings(builder);
}

}  // namespace

base::Result<std::vector<sock_filter>> BuildFilter(const FilterOptions& options) {
  Builder native(kMachine.native);
  AddNative(native, options);
  Builder foreign(kMachine.foreign);
  AddForeign(foreign);
  native.Merge(&foreign);
  return native.Export();
}

base::Result<base::Fd> InstallFilter(std::span<const sock_filter> program) {
  const sock_fprog filter{static_cast<unsigned short>(program.size()),
                          const_cast<sock_filter*>(program.data())};
  // Without SPEC_ALLOW kernels before 5.16 would slow the program's speculation.
  for (const unsigned long extra : {SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0UL}) {
    const long result = sys::Call(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                  static_cast<long>(SECCOMP_FILTER_FLAG_NEW_LISTENER | extra),
                                  reinterpret_cast<long>(&filter));
    if (result >= 0) {
      return base::Fd(static_cast<int>(result));
    }
    if (result != -EINVAL || extra == 0) {
      return base::Error{static_cast<int>(-result), "seccomp"};
    }
  }
  return base::Error{EINVAL, "seccomp"};
}

bool CanTakeDescriptors(int pidfd, int fd) {
  const long taken = sys::Call(SYS_pidfd_getfd, pidfd, fd, 0);
  if (taken < 0) {
    return false;
  }
  sys::Close(static_cast<int>(taken));
  return true;
}

}  // namespace supervisor
