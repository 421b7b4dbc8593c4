// What the clients of this folder share: what they are asked for and what they print.
#ifndef GOCHAIN_TESTS_LOOPS_LOOP_CLIENT_H_
#define GOCHAIN_TESTS_LOOPS_LOOP_CLIENT_H_

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { kTickMs = 5, kLeastTicks = 5 };

struct Wish {
  int count;
  struct addrinfo* address;
};

static inline struct Wish ReadWish(int argc, char** argv) {
  struct Wish wish = {0, NULL};
  struct addrinfo hints;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  if (argc != 4 || getaddrinfo(argv[2], argv[3], &hints, &wish.address) != 0) {
    fprintf(stderr, "usage: CLIENT COUNT HOST PORT\n");
    exit(2);
  }
  wish.count = atoi(argv[1]);
  return wish;
}

static inline void Conclude(const struct Wish* wish, int good, int ticks) {
  printf("%d of %d, %s\n", good, wish->count, ticks >= kLeastTicks ? "ticking" : "stalled");
}

#endif  // GOCHAIN_TESTS_LOOPS_LOOP_CLIENT_H_
