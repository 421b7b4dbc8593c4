// Reads whole files. Allocates; not for signal handlers.
#ifndef GOCHAIN_BASE_FILE_H_
#define GOCHAIN_BASE_FILE_H_

#include <sys/stat.h>

#include <cstddef>
#include <string>

namespace base {

// Appends the file's bytes to `out`. Returns 0 or an errno: EFBIG where it has more than `limit`
// bytes, so that a device or the wrong file ends too. `status`, where it is given, is what fstat(2)
// says of the file that was opened.
int ReadFile(const std::string& path, size_t limit, std::string* out,
             struct stat* status = nullptr);

}  // namespace base

#endif  // GOCHAIN_BASE_FILE_H_
