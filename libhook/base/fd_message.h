// A message that may have one descriptor with it: SCM_RIGHTS, unix(7).
//
// For sockets that keep messages apart (SOCK_SEQPACKET). System calls alone: async-signal-safe, and
// fit for the child of a process whose other threads held locks.
#ifndef GOCHAIN_BASE_FD_MESSAGE_H_
#define GOCHAIN_BASE_FD_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/fd.h"

namespace base {

// What the two below do, for any bytes.
bool SendBytes(int socket, const void* data, size_t size, int descriptor, uint64_t cookie);
bool ReceiveBytes(int socket, void* data, size_t size, Fd* descriptor);

// Sends `message`, with a copy of `descriptor` where that is >= 0. False, without a SIGPIPE, where
// the other end is gone. `cookie`: of the filter that this process is under.
template <typename T>
bool SendMessage(int socket, const T& message, int descriptor, uint64_t cookie = 0) {
  static_assert(std::is_trivially_copyable_v<T>);
  return SendBytes(socket, &message, sizeof message, descriptor, cookie);
}

// Waits for a message, and puts the descriptor that came with it, close-on-exec, into
// `descriptor`. False where the other end is gone, and where the message is no T by its size.
template <typename T>
bool ReceiveMessage(int socket, T* message, Fd* descriptor) {
  static_assert(std::is_trivially_copyable_v<T>);
  return ReceiveBytes(socket, message, sizeof *message, descriptor);
}

}  // namespace base

#endif  // GOCHAIN_BASE_FD_MESSAGE_H_
