#include "base/fd_message.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "base/syscalls.h"

namespace base {
namespace {

// A msghdr for one piece of data, and the room for one descriptor.
class Message {
 public:
  Message(void* data, size_t size) : data_{data, size} {
    header_.msg_iov = &data_;
    header_.msg_iovlen = 1;
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  void MakeRoom() {
    header_.msg_control = control_;
    header_.msg_controllen = sizeof control_;
  }
  cmsghdr* rights() { return CMSG_FIRSTHDR(&header_); }
  msghdr* header() { return &header_; }

 private:
  iovec data_;
  msghdr header_{};
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
};

}  // namespace

bool SendBytes(int socket, const void* data, size_t size, int descriptor, uint64_t cookie) {
  Message message(const_cast<void*>(data), size);
  if (descriptor >= 0) {
    message.MakeRoom();
    cmsghdr* const rights = message.rights();
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  return sys::PassingSendmsg(socket, message.header(), MSG_NOSIGNAL, cookie) ==
         static_cast<long>(size);
}

bool ReceiveBytes(int socket, void* data, size_t size, Fd* descriptor) {
  Message message(data, size);
  message.MakeRoom();
  long received;
  do {
    received =
        sys::Call(SYS_recvmsg, socket, reinterpret_cast<long>(message.header()), MSG_CMSG_CLOEXEC);
  } while (received == -EINTR);
  if (received < 0) {
    return false;
  }
  const cmsghdr* const rights = message.rights();
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    int fd;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    descriptor->Reset(fd);
  }
  return received == static_cast<long>(size);
}

}  // namespace base
