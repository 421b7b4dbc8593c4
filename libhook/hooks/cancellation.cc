#include "hooks/cancellation.h"

#include <sys/socket.h>
#include <unwind.h>

#include "base/syscalls.h"
#include "engine/attempt.h"

// libc has it without libpthread too; weak all the same, so that nothing more than libc is needed.
#pragma weak pthread_setcanceltype

namespace hooks {
namespace {

// Initial-exec: the library is loaded at start, and no lazy allocation may happen in a handler.
constinit thread_local DialInProgress* g_innermost __attribute__((tls_model("initial-exec"))) =
    nullptr;

}  // namespace

void RestoreSendTimeout(DialInProgress& dial) {
  if (dial.send_timeout_changed) {
    sys::Setsockopt(dial.fd, SOL_SOCKET, SO_SNDTIMEO, &dial.send_timeout, sizeof dial.send_timeout);
    dial.send_timeout_changed = false;
  }
}

// Named in RunDial's unwind information.
extern "C" __attribute__((visibility("hidden"), used)) _Unwind_Reason_Code gochain_undo_dial(
    int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception*, _Unwind_Context*) {
  if ((actions & _UA_CLEANUP_PHASE) != 0 && g_innermost != nullptr) {
    DialInProgress& dial = *g_innermost;
    g_innermost = dial.outer;
    RestoreSendTimeout(dial);
    engine::Disconnect(dial.fd, dial.cookie);
  }
  return _URC_CONTINUE_UNWIND;
}

__attribute__((noinline)) int RunDial(DialInProgress& dial, int (*body)(void*), void* argument) {
  // 0x1b: relative to the program counter, 4 bytes (DWARF exception header encoding).
  asm volatile(".cfi_personality 0x1b, gochain_undo_dial");
  dial.outer = g_innermost;
  g_innermost = &dial;
  const int result = body(argument);
  g_innermost = dial.outer;
  return result;
}

CancellationPoint::CancellationPoint() {
  if (pthread_setcanceltype != nullptr) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type_);
  }
}

CancellationPoint::~CancellationPoint() {
  if (pthread_setcanceltype != nullptr) {
    pthread_setcanceltype(type_, nullptr);
  }
}

}  // namespace hooks
