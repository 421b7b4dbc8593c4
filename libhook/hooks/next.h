// What every hook needs: its exported entry point and the function that it stands in front of.
//
// real::NAME is the next function of that name in the process: libc's, or that of another preloaded
// library. It is found with dlsym(RTLD_NEXT) the first time any hook runs, all rows at once, so
// that a signal handler later finds them ready. dlsym takes the loader's lock and may call malloc
// (only to keep an error's text, in every libc we know), so a program whose very first network call
// comes from a signal handler that interrupted dlopen is at risk, as with every preloaded library.
//
// exported::NAME is the entry point, under a C++ name of its own so that libc's declarations, with
// their exception specifications, don't clash with ours.
#ifndef GOCHAIN_HOOKS_NEXT_H_
#define GOCHAIN_HOOKS_NEXT_H_

#include <netdb.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>

namespace hooks {

namespace real {
#define HOOK(type, name, parameters, arguments, safety) type name parameters;
#include "hooks/hooks.def"
#undef HOOK
}  // namespace real

namespace exported {
#define HOOK(type, name, parameters, arguments, safety) \
  type name parameters asm(#name) __attribute__((visibility("default")));
#include "hooks/hooks.def"
#undef HOOK
}  // namespace exported

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_NEXT_H_
