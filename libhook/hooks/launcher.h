// Where the launcher is, for a library that has none above it. Async-signal-safe.
#ifndef GOCHAIN_HOOKS_LAUNCHER_H_
#define GOCHAIN_HOOKS_LAUNCHER_H_

#include <cstddef>

namespace hooks {

// True where this process may do `how` (X_OK, R_OK) with `path`.
bool MayAccess(const char* path, int how);

// How many bytes FindLauncher() needs.
size_t LauncherRoom();

// GOCHAIN_LAUNCHER, else the one beside the library or where `make install` puts it; in `room`, or
// elsewhere. nullptr where there is none.
const char* FindLauncher(char* room);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_LAUNCHER_H_
