// What a value of LD_PRELOAD holds beside gochain's library. For launchers: it allocates.
#ifndef GOCHAIN_PROGRAM_PRELOADS_H_
#define GOCHAIN_PROGRAM_PRELOADS_H_

#include <string>
#include <string_view>

namespace program {

// The other libraries' paths, ':' between them, see ld.so(8).
std::string OtherPreloads(std::string_view value);

}  // namespace program

#endif  // GOCHAIN_PROGRAM_PRELOADS_H_
