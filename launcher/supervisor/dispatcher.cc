#include "supervisor/dispatcher.h"

#include <linux/audit.h>
#include <sys/syscall.h>

#include <cerrno>

#include "supervisor/handlers.h"

namespace supervisor {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kNativeArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kNativeArchitecture = AUDIT_ARCH_AARCH64;
#endif

}  // namespace

void Dispatcher::Serve(const seccomp_notif& notification, Crew::Member& member) {
  Call call(notification, services_.notifier);
  Caller caller(call.tid(), services_.pidfds);
  if (call.data().arch != kNativeArchitecture) {
    services_.Say(Notice::kForeignCalls, caller);
    call.Fail(EACCES);
    return;
  }
  const bool traps_sockets = services_.store != nullptr;
  switch (call.data().nr) {
    case SYS_connect:
      HandleConnect(services_, call, caller, member);
      return;
    case SYS_getpeername:
      HandleGetpeername(services_, call, caller);
      return;
    case SYS_sendto:
      HandleSendto(services_, call, caller, member);
      return;
    case SYS_sendmsg:
      HandleSendmsg(services_, call, caller, member);
      return;
    case SYS_sendmmsg:
      HandleSendmmsg(services_, call, caller, member);
      return;
    case SYS_socket:
      if (traps_sockets) {
        HandleSocket(services_, call, caller);
        return;
      }
      break;
    case SYS_bind:
      if (traps_sockets) {
        HandleBind(services_, call, caller);
        return;
      }
      break;
    case SYS_listen:
      if (traps_sockets) {
        HandleListen(services_, call, caller);
        return;
      }
      break;
    default:
      break;
  }
  call.Fail(EACCES);  // the filter traps nothing else
}

}  // namespace supervisor
