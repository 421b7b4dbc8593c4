// What an ordinary user's supervisor costs the programs below it.
#ifndef GOCHAIN_PROCESS_PRIVILEGES_H_
#define GOCHAIN_PROCESS_PRIVILEGES_H_

namespace process {

// False: seccomp(2) takes a filter only with no_new_privs, and no program below gets rights that
// its file brings.
bool HasAdminCapability();

}  // namespace process

#endif  // GOCHAIN_PROCESS_PRIVILEGES_H_
