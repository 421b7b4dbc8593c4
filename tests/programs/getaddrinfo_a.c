// getaddrinfo_a [--hide-address] NAME: looks NAME up in each of the function's ways, a line each:
// the addresses, or the error. `--hide-address` prints "A" for an address.
#include <signal.h>

#include "program.h"

#ifdef __GLIBC__

static int hide_address;

enum { kRequests = 3 };
static struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
static struct gaicb blocks[kRequests];
static struct gaicb* list[kRequests + 1];

// The name, a null pointer, an address, and the name with a service that isn't there.
static void Prepare(const char* name) {
  static const char* const kServices[kRequests] = {"80", "81", "no-such-service"};
  memset(blocks, 0, sizeof blocks);
  for (int i = 0; i < kRequests; ++i) {
    blocks[i].ar_name = i == 1 ? "192.0.2.9" : name;
    blocks[i].ar_service = kServices[i];
    blocks[i].ar_request = &hints;
    list[i == 0 ? 0 : i + 1] = &blocks[i];
  }
  list[1] = NULL;
}

static void Show(const char* what, int result) {
  printf("%s: %d", what, result);
  for (int i = 0; i < kRequests; ++i) {
    const int error = gai_error(&blocks[i]);
    printf(" {%s %s error %d", blocks[i].ar_name, blocks[i].ar_service, error);
    if (error == 0) {
      const struct sockaddr_in* address = (const void*)blocks[i].ar_result->ai_addr;
      char text[INET_ADDRSTRLEN];
      inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
      printf(" %s", hide_address && i != 1 ? "A" : text);
      freeaddrinfo(blocks[i].ar_result);
    }
    printf("}");
  }
  printf("\n");
}

static void WaitForAll(void) {
  for (int i = 0; i < kRequests; ++i) {
    const struct gaicb* one[] = {&blocks[i]};
    while (gai_error(&blocks[i]) == EAI_INPROGRESS) {
      gai_suspend(one, 1, NULL);
    }
  }
}

int main(int argc, char** argv) {
  const char* name = OneArgument(argc, argv, "getaddrinfo_a [--hide-address] NAME", &hide_address);
  Prepare(name);
  Show("wait", getaddrinfo_a(GAI_WAIT, list, kRequests + 1, NULL));
  Prepare(name);
  int result = getaddrinfo_a(GAI_NOWAIT, list, kRequests + 1, NULL);
  WaitForAll();
  Show("suspend", result);
  Prepare(name);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  result = getaddrinfo_a(GAI_NOWAIT, list, kRequests + 1, &event);
  const struct timespec limit = {20, 0};
  if (sigtimedwait(&set, NULL, &limit) != SIGUSR1) {
    Die("sigtimedwait");
  }
  WaitForAll();
  Show("signal", result);
  printf("bad mode: %d\n", getaddrinfo_a(99, list, kRequests + 1, NULL));
  return 0;
}

#else

int main(void) {
  printf("getaddrinfo_a: ENOSYS\n");  // glibc's alone
  return 0;
}

#endif
