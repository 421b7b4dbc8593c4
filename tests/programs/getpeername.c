// getpeername HOST PORT: the peer is what connect was given; short buffers, other descriptors of
// the same socket and errors are as the kernel has them.
#include "program.h"

static void Text(const struct sockaddr_storage* address, char* out, size_t size) {
  char host[INET6_ADDRSTRLEN] = "?";
  unsigned port = 0;
  if (address->ss_family == AF_INET) {
    const struct sockaddr_in* in = (const struct sockaddr_in*)address;
    inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
    port = ntohs(in->sin_port);
  } else if (address->ss_family == AF_INET6) {
    const struct sockaddr_in6* in6 = (const struct sockaddr_in6*)address;
    inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
    port = ntohs(in6->sin6_port);
  }
  snprintf(out, size, "[%s]:%u", host, port);
}

static void CheckPeer(const char* what, int fd, const struct Target* target) {
  struct sockaddr_storage peer = {0};
  socklen_t length = sizeof peer;
  char want[80];
  char got[80];
  if (getpeername(fd, (struct sockaddr*)&peer, &length) != 0) {
    Die("getpeername");
  }
  Text(&target->address, want, sizeof want);
  Text(&peer, got, sizeof got);
  if (strcmp(want, got) != 0 || length != target->length) {
    printf("%s: peer %s (%u bytes), asked for %s (%u)\n", what, got, length, want, target->length);
    exit(1);
  }
}

static void CheckErrors(int fd, const struct Target* target) {
  struct sockaddr_storage peer;
  memset(&peer, 0x55, sizeof peer);
  socklen_t length = 8;
  if (getpeername(fd, (struct sockaddr*)&peer, &length) != 0 || length != target->length ||
      memcmp(&peer, &target->address, 8) != 0 || ((unsigned char*)&peer)[8] != 0x55) {
    printf("short buffer: length %u\n", length);
    exit(1);
  }
  length = 0;
  if (getpeername(fd, (struct sockaddr*)&peer, &length) != 0 || length != target->length) {
    printf("no buffer: length %u\n", length);
    exit(1);
  }
  length = (socklen_t)-1;
  if (getpeername(fd, (struct sockaddr*)&peer, &length) == 0 || errno != EINVAL) {
    printf("length -1: %s\n", ErrnoName(errno));
    exit(1);
  }
  length = sizeof peer;
  if (getpeername(fd, (struct sockaddr*)16, &length) == 0 || errno != EFAULT) {
    printf("bad address: %s\n", ErrnoName(errno));
    exit(1);
  }
  if (getpeername(fd, (struct sockaddr*)&peer, (socklen_t*)16) == 0 || errno != EFAULT) {
    printf("bad length: %s\n", ErrnoName(errno));
    exit(1);
  }
  if (getpeername(987, (struct sockaddr*)&peer, &length) == 0 || errno != EBADF) {
    printf("closed descriptor: %s\n", ErrnoName(errno));
    exit(1);
  }
}

int main(int argc, char** argv) {
  if (argc != 3) {
    Usage("getpeername HOST PORT");
  }
  struct Target target = FindTarget(argv[1], argv[2]);
  const int fd = Socket(&target, SOCK_STREAM);
  if (Connect(fd, &target) != 0) {
    Die("connect");
  }
  CheckPeer("socket", fd, &target);
  CheckPeer("duplicate", dup(fd), &target);
  CheckErrors(fd, &target);
  if (fork() == 0) {
    CheckPeer("child", fd, &target);
    _exit(0);
  }
  int status = 0;
  wait(&status);
  if (target.address.ss_family == AF_INET) {
    // The same through an IPv6 socket: the peer is v4-mapped.
    const struct sockaddr_in in = *(struct sockaddr_in*)&target.address;
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = in.sin_port};
    mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&mapped.sin6_addr.s6_addr[12], &in.sin_addr, 4);
    memcpy(&target.address, &mapped, sizeof mapped);
    target.length = sizeof mapped;
    const int fd6 = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd6 >= 0) {
      if (Connect(fd6, &target) != 0) {
        Die("connect v4-mapped");
      }
      CheckPeer("v4-mapped", fd6, &target);
    }
  }
  printf(status == 0 ? "ok\n" : "child failed\n");
  return status != 0;
}
