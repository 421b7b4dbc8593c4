// connect_errors HOST PORT: what connect says to wrong arguments and wrong states, a line each. The
// lines have to be the same as without gochain.
#include <sys/mman.h>
#include <sys/un.h>

#include "program.h"

static void Show(const char* what, int result) {
  printf("%s: %s\n", what, result == 0 ? "ok" : ErrnoName(errno));
}

int main(int argc, char** argv) {
  if (argc != 3) {
    Usage("connect_errors HOST PORT");
  }
  const struct Target target = FindTarget(argv[1], argv[2]);
  const struct sockaddr* address = (const struct sockaddr*)&target.address;
  int pipes[2];
  if (pipe(pipes) != 0) {
    Die("pipe");
  }
  Show("closed descriptor", connect(987, address, target.length));
  Show("no socket", connect(pipes[0], address, target.length));

  int fd = Socket(&target, SOCK_STREAM);
  Show("null address", connect(fd, NULL, target.length));
  Show("bad address", connect(fd, (const struct sockaddr*)16, target.length));
  // An address whose last bytes lie on a page that can't be read.
  char* pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(pages + 4096, 4096, PROT_NONE);
  struct sockaddr* torn = (struct sockaddr*)(pages + 4096 - 8);
  torn->sa_family = target.address.ss_family;
  Show("address half readable", connect(fd, torn, target.length));
  struct sockaddr* whole = (struct sockaddr*)(pages + 4096 - target.length);
  memcpy(whole, address, target.length);
  whole->sa_family = AF_UNSPEC;
  Show("address at the end of a page", connect(fd, whole, target.length));
  Show("length 0", connect(fd, address, 0));
  Show("length 2", connect(fd, address, 2));
  Show("length 15", connect(fd, address, 15));
  Show("length -1", connect(fd, address, (socklen_t)-1));
  Show("length too long", connect(fd, address, 4096));

  struct sockaddr_storage odd = target.address;
  odd.ss_family = 77;
  Show("unknown family", connect(fd, (struct sockaddr*)&odd, target.length));
  struct sockaddr_un unix_address = {.sun_family = AF_UNIX, .sun_path = "/nonexistent"};
  Show("AF_UNIX address", connect(fd, (struct sockaddr*)&unix_address, sizeof unix_address));
  const int local = socket(AF_UNIX, SOCK_STREAM, 0);
  Show("AF_UNIX socket", connect(local, address, target.length));
  Show("AF_UNSPEC", connect(fd, whole, target.length));

  struct sockaddr_storage any = {.ss_family = target.address.ss_family};
  const int listener = Socket(&target, SOCK_STREAM);
  Show("bind", bind(listener, (struct sockaddr*)&any, target.length));
  Show("listen", listen(listener, 1));
  Show("listening socket", connect(listener, address, target.length));
  int accepting = 0;
  socklen_t size = sizeof accepting;
  getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size);
  printf("still listening: %d\n", accepting);

  Show("connect", connect(fd, address, target.length));
  Show("connect again", connect(fd, address, target.length));
  Show("echo", Echo(fd, "still there\n"));
  Show("AF_UNSPEC on a connected socket", connect(fd, whole, target.length));
  Show("connect after AF_UNSPEC", connect(fd, address, target.length));
  Show("echo", Echo(fd, "again\n"));
  return 0;
}
