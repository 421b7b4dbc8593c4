// Files in a folder that is the user's own and that nobody else may write: what is found there is
// nobody else's doing. Never waits; what can't be had is not there.
#ifndef GOCHAIN_BASE_PRIVATE_FOLDER_H_
#define GOCHAIN_BASE_PRIVATE_FOLDER_H_

#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/fd.h"

namespace base {

// `folder` is absolute. `make`: it is made if need be, with the one above it.
Fd OpenPrivateFolder(const std::string& folder, bool make);

bool IsOursAlone(const struct stat& status);

// A regular file of `folder`, neither empty nor a link, for reading; its status in `status`.
Fd OpenPrivateFile(int folder, const char* name, struct stat* status);

// Makes `name` anew with these bytes, in one step for whoever looks. `temporary` is a name of the
// same folder that nobody else uses.
bool ReplaceFile(int folder, const char* name, const char* temporary,
                 std::span<const uint8_t> data);

bool WriteAll(int fd, std::span<const uint8_t> data);

}  // namespace base

#endif  // GOCHAIN_BASE_PRIVATE_FOLDER_H_
