// ask HOW SERVER NAME: asks nameserver SERVER for the IPv4 address of NAME by a socket of its own, as
// c-ares, dig and the like do; prints "HOW: ADDRESS". Like them it drops an answer that isn't from
// SERVER. HOW is
//   connected      connect, send, recvfrom
//   write          connect, write, recvmsg
//   sendmsg        connect, sendmsg of two pieces, recvmmsg
//   sendmmsg       connect, sendmmsg, recvfrom
//   epoll          connect, in an epoll set afterwards, non-blocking
//   unconnected    sendto, recvfrom
//   bound          bind, connect, send, recvfrom
//   copied         dup2 of the connected socket, whose copy is used
//   child          connect, and a child of fork asks
//   many           connect, and 32 questions before the first answer is read
//   peer           connect, getpeername, send, getpeername: has to be SERVER both times
//   tcp            over TCP
#include <sys/epoll.h>

#include "program.h"

enum { kPort = 53, kMany = 32, kWaitMs = 4000 };

static const char* how;
static struct sockaddr_storage server;
static socklen_t server_size;

static int Is(const char* text) { return strcmp(how, text) == 0; }

static void Fail(const char* what) {
  const int error = errno;
  printf("%s: %s: %s\n", how, what, ErrnoName(error));
  fflush(stdout);
  _exit(1);
}

static size_t MakeQuestion(unsigned id, const char* name, unsigned char* out) {
  const unsigned char head[12] = {(unsigned char)(id >> 8), (unsigned char)id, 1, 0, 0, 1};
  size_t size = sizeof head;
  memcpy(out, head, sizeof head);
  while (*name != '\0') {
    const size_t label = strcspn(name, ".");
    out[size++] = (unsigned char)label;
    memcpy(out + size, name, label);
    size += label;
    name += label + (name[label] == '.');
  }
  memcpy(out + size, "\0\0\1\0\1", 5);
  return size + 5;
}

// The last record's data of the answer to question `id`.
static void Show(unsigned id, const unsigned char* answer, ssize_t size) {
  if (size < 12 || (unsigned)(answer[0] << 8 | answer[1]) != id) {
    errno = EINVAL;
    Fail("another question's answer");
  }
  const int records = answer[6] << 8 | answer[7];
  if ((answer[3] & 15) != 0 || records == 0) {
    printf("%s: code %d, %d records\n", how, answer[3] & 15, records);
    return;
  }
  const unsigned char* at = answer + 12;
  at += strlen((const char*)at) + 1 + 4 + 12;
  char text[INET_ADDRSTRLEN];
  printf("%s: %s\n", how, inet_ntop(AF_INET, at, text, sizeof text));
}

static int IsServer(const struct sockaddr_storage* from, socklen_t size) {
  const struct sockaddr_in6 *a6 = (const void*)from, *b6 = (const void*)&server;
  const struct sockaddr_in *a4 = (const void*)from, *b4 = (const void*)&server;
  if (size != server_size || from->ss_family != server.ss_family) {
    return 0;
  }
  return from->ss_family == AF_INET
             ? a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr
             : a6->sin6_port == b6->sin6_port &&
                   memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}

static void Wait(int fd) {
  struct pollfd watched = {.fd = fd, .events = POLLIN};
  struct epoll_event event = {.events = EPOLLIN};
  if (Is("epoll")) {
    const int set = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    if (epoll_wait(set, &event, 1, kWaitMs) != 1) {
      errno = ETIMEDOUT;
      Fail("epoll_wait");
    }
    close(set);
  } else if (poll(&watched, 1, kWaitMs) != 1) {
    errno = ETIMEDOUT;
    Fail("poll");
  }
}

static ssize_t Receive(int fd, unsigned char* out, size_t room) {
  struct sockaddr_storage from = {0};
  struct iovec piece = {out, room};
  struct mmsghdr message = {.msg_hdr = {.msg_name = &from,
                                        .msg_namelen = sizeof from,
                                        .msg_iov = &piece,
                                        .msg_iovlen = 1}};
  ssize_t size;
  socklen_t from_size = sizeof from;
  if (Is("write")) {
    size = recvmsg(fd, &message.msg_hdr, 0);
    from_size = message.msg_hdr.msg_namelen;
  } else if (Is("sendmsg")) {
    size = recvmmsg(fd, &message, 1, 0, NULL) == 1 ? (ssize_t)message.msg_len : -1;
    from_size = message.msg_hdr.msg_namelen;
  } else {
    size = recvfrom(fd, out, room, 0, (struct sockaddr*)&from, &from_size);
  }
  if (size < 0) {
    Fail("receive");
  }
  if (!IsServer(&from, from_size)) {
    errno = EINVAL;
    Fail("an answer from elsewhere");
  }
  return size;
}

static void Send(int fd, unsigned char* question, size_t size) {
  struct iovec pieces[] = {{question, 12}, {question + 12, size - 12}};
  struct mmsghdr message = {.msg_hdr = {.msg_iov = pieces, .msg_iovlen = 2}};
  ssize_t sent;
  if (Is("write")) {
    sent = write(fd, question, size);
  } else if (Is("sendmsg")) {
    sent = sendmsg(fd, &message.msg_hdr, 0);
  } else if (Is("sendmmsg")) {
    sent = sendmmsg(fd, &message, 1, 0) == 1 ? (ssize_t)message.msg_len : -1;
  } else if (Is("unconnected")) {
    sent = sendto(fd, question, size, 0, (struct sockaddr*)&server, server_size);
  } else {
    sent = send(fd, question, size, 0);
  }
  if (sent != (ssize_t)size) {
    Fail("send");
  }
}

static void MustBeConnectedToServer(int fd) {
  struct sockaddr_storage peer = {0};
  socklen_t size = sizeof peer;
  if (getpeername(fd, (struct sockaddr*)&peer, &size) != 0 || !IsServer(&peer, size)) {
    Fail("getpeername");
  }
}

static void AskByTcp(const char* name) {
  unsigned char data[514];
  const int fd = socket(server.ss_family, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr*)&server, server_size) != 0) {
    Fail("connect");
  }
  const size_t size = MakeQuestion(1, name, data + 2);
  data[0] = 0;
  data[1] = (unsigned char)size;
  if (send(fd, data, size + 2, 0) != (ssize_t)size + 2 ||
      recv(fd, data, 2, MSG_WAITALL) != 2) {
    Fail("send");
  }
  Show(1, data, recv(fd, data, (size_t)(data[0] << 8 | data[1]) % sizeof data, MSG_WAITALL));
}

static int Open(void) {
  const int type = SOCK_DGRAM | SOCK_CLOEXEC | (Is("epoll") ? SOCK_NONBLOCK : 0);
  int fd = socket(server.ss_family, type, 0);
  const struct sockaddr_storage any = {.ss_family = server.ss_family};
  if (Is("bound") && bind(fd, (const struct sockaddr*)&any, server_size) != 0) {
    Fail("bind");
  }
  if (!Is("unconnected") && connect(fd, (struct sockaddr*)&server, server_size) != 0) {
    Fail("connect");
  }
  if (Is("copied")) {
    const int copy = dup2(fd, fd + 20);
    close(fd);
    fd = copy;
  }
  if (Is("peer")) {
    MustBeConnectedToServer(fd);
  }
  return fd;
}

int main(int argc, char** argv) {
  if (argc != 4) {
    Usage("ask HOW SERVER NAME");
  }
  how = argv[1];
  const struct Target target = FindTarget(argv[2], "53");
  server = target.address;
  server_size = target.length;
  if (Is("tcp")) {
    AskByTcp(argv[3]);
    return 0;
  }
  const int fd = Open();
  const pid_t child = Is("child") ? fork() : 0;
  if (child > 0) {
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }
  unsigned char question[512];
  unsigned char answer[1500];
  const unsigned many = Is("many") ? kMany : 1;
  for (unsigned i = 0; i < many; ++i) {
    Send(fd, question, MakeQuestion(i + 1, argv[3], question));
  }
  if (Is("peer")) {
    MustBeConnectedToServer(fd);
  }
  for (unsigned i = 0; i < many; ++i) {
    Wait(fd);
    const ssize_t size = Receive(fd, answer, sizeof answer);
    if (i + 1 == many) {
      // In whatever order they come.
      Show(many == 1 ? 1 : (unsigned)(answer[0] << 8 | answer[1]), answer, size);
    }
  }
  return 0;
}
