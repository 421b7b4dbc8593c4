// A TCP connection over loopback: both ends non-blocking.
#ifndef GOCHAIN_TESTS_UNIT_SUPERVISOR_TCP_PAIR_H_
#define GOCHAIN_TESTS_UNIT_SUPERVISOR_TCP_PAIR_H_

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/fd.h"

namespace supervisor {

struct TcpPair {
  base::Fd near;
  base::Fd distant;

  TcpPair() {
    const base::Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    near.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_EQ(bind(listener.get(), plain, size), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    EXPECT_EQ(getsockname(listener.get(), plain, &size), 0);
    EXPECT_TRUE(connect(near.get(), plain, size) == 0 || errno == EINPROGRESS);
    pollfd arrival{listener.get(), POLLIN, 0};
    EXPECT_EQ(poll(&arrival, 1, 5000), 1);
    distant.Reset(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    EXPECT_TRUE(distant.valid());
  }
};

// What reading says once there is something: bytes, "end", or "reset". "nothing": it stays silent.
inline std::string Hear(int fd, int timeout_ms = 5000) {
  pollfd readable{fd, POLLIN, 0};
  if (poll(&readable, 1, timeout_ms) == 0) {
    return "nothing";
  }
  char data[256];
  const ssize_t got = recv(fd, data, sizeof data, 0);
  if (got > 0) {
    return std::string(data, static_cast<size_t>(got));
  }
  return got == 0 ? "end" : errno == ECONNRESET ? "reset" : "errno " + std::to_string(errno);
}

// The connection is cut; after an end of what is to be read that shows in this way alone.
inline bool IsCut(int fd) {
  pollfd error{fd, 0, 0};
  return poll(&error, 1, 5000) == 1 && (error.revents & POLLERR) != 0;
}

inline void Say(int fd, const std::string& text) {
  EXPECT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

inline void ResetAtClose(base::Fd* fd) {
  const linger at_once{1, 0};
  setsockopt(fd->get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd->Reset();
}

}  // namespace supervisor

#endif  // GOCHAIN_TESTS_UNIT_SUPERVISOR_TCP_PAIR_H_
