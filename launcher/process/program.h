// The file that a COMMAND names.
#ifndef GOCHAIN_PROCESS_PROGRAM_H_
#define GOCHAIN_PROCESS_PROGRAM_H_

#include <string>

namespace process {

// The file that execvp(3) would start for `command`; empty where there is none.
std::string FindProgram(const std::string& command);

}  // namespace process

#endif  // GOCHAIN_PROCESS_PROGRAM_H_
