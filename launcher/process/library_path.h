// Where libgochain.so is: beside the launcher in the build tree, or where `make install` puts it.
#ifndef GOCHAIN_PROCESS_LIBRARY_PATH_H_
#define GOCHAIN_PROCESS_LIBRARY_PATH_H_

#include <string>

namespace process {

// Absolute path; empty where there is none.
std::string FindLibrary();

}  // namespace process

#endif  // GOCHAIN_PROCESS_LIBRARY_PATH_H_
