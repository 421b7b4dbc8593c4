// MayTransfer: whether bytes may move on a descriptor, for the hooks that move them.
#ifndef GOCHAIN_HOOKS_TRANSFER_H_
#define GOCHAIN_HOOKS_TRANSFER_H_

namespace hooks {

// False, with errno, while a dial rides on `fd` or where its failure is to be told. `flags` are
// those of send(2) and recv(2). REQUIRES: loop::IsBusy()
bool MayTransfer(int fd, int flags);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_TRANSFER_H_
