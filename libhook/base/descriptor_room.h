// Room in this process's table of descriptors, made before it is needed. Async-signal-safe.
#ifndef GOCHAIN_BASE_DESCRIPTOR_ROOM_H_
#define GOCHAIN_BASE_DESCRIPTOR_ROOM_H_

namespace base {

// The kernel enlarges the table as descriptors come: at 64, 128, 256. While threads share it,
// whoever makes the descriptor sleeps for an RCU grace period each time, 10 ms and more; with one
// thread that costs nothing, and exec keeps the size. `fd` is any open descriptor that isn't a file
// with record locks: one of its copies is closed. Nothing happens where the limit of descriptors
// forbids it. REQUIRES, to be worth it: the process has one thread
void MakeRoomForDescriptors(int fd);

}  // namespace base

#endif  // GOCHAIN_BASE_DESCRIPTOR_ROOM_H_
