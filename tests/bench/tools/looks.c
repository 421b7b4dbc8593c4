// looks NAME: looks NAME up, whatever comes of it; under gochain the shortest life of a process that
// asks the rules.
#include <netdb.h>
#include <stddef.h>

int main(int argc, char** argv) {
  struct addrinfo* found = NULL;
  if (argc == 2 && getaddrinfo(argv[1], "443", NULL, &found) == 0) {
    freeaddrinfo(found);
  }
  return argc == 2 ? 0 : 2;
}
