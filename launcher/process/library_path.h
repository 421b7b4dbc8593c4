// Where libgochain.so is: beside the launcher in the build tree, or where `make install` puts it.
#ifndef GOCHAIN_PROCESS_LIBRARY_PATH_H_
#define GOCHAIN_PROCESS_LIBRARY_PATH_H_

#include <string>
#include <string_view>

namespace process {

// Absolute path that LD_PRELOAD can name; empty, with one line in `error`, where there is none.
std::string FindLibrary(std::string* error);

// Why ld.so(8) wouldn't take `path` from LD_PRELOAD as it is; empty: it would.
std::string_view NotPreloadable(std::string_view path);

// Did who started this program do that with the library in it, or under a supervisor?
bool ParentIsRouted();

// Of this program, where `library` wouldn't find it (hooks/launcher.h); else empty.
std::string LauncherToName(const std::string& library);

}  // namespace process

#endif  // GOCHAIN_PROCESS_LIBRARY_PATH_H_
