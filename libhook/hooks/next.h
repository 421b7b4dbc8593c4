// What every hook needs: its exported entry point and the function that it stands in front of.
//
// real::NAME is the next function of that name in the process: libc's, or that of another preloaded
// library. They are found with dlsym(RTLD_NEXT): all at once when the library is loaded where it
// follows exec, which comes after fork, and before the first dial; else each when it is first
// called, since most programs call few of them. dlsym takes the loader's lock and may call malloc
// (only to keep an error's text, in every libc we know), so under a supervisor a program whose very
// first such call comes from a signal handler that interrupted dlopen is at risk, as with every
// preloaded library.
//
// exported::NAME is the entry point, under a C++ name of its own so that libc's declarations, with
// their exception specifications, don't clash with ours.
#ifndef GOCHAIN_HOOKS_NEXT_H_
#define GOCHAIN_HOOKS_NEXT_H_

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdio>

namespace hooks {

namespace real {
// Async-signal-safe but for dlsym.
void FindAll();
// False where this process is known to have one thread (__libc_single_threaded of glibc 2.32).
bool MayHaveThreads();

#define HOOK(type, name, parameters, arguments, safety) type name parameters;
#define HOOK_ALONE(type, name, parameters, safety)
#include "hooks/hooks.def"
#undef HOOK
#undef HOOK_ALONE
}  // namespace real

namespace exported {
#define HOOK_ALONE(type, name, parameters, safety) \
  type name parameters asm(#name) __attribute__((visibility("default")));
#define HOOK(type, name, parameters, arguments, safety) HOOK_ALONE(type, name, parameters, safety)
#include "hooks/hooks.def"
#undef HOOK
#undef HOOK_ALONE
}  // namespace exported

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_NEXT_H_
