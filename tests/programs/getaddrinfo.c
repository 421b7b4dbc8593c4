// getaddrinfo NAME: what comes back for NAME with each kind of hints, a line each. The lines have
// to be those of a name that DNS gives one IPv4 address; `--hide-address` prints "A" for it.
#include "program.h"

static int hide_address;

static void Show(const char* name, const char* service, int family, int type, int protocol,
                 int flags) {
  const struct addrinfo hints = {
      .ai_flags = flags, .ai_family = family, .ai_socktype = type, .ai_protocol = protocol};
  struct addrinfo* list = NULL;
  printf("service=%s family=%d type=%d protocol=%d flags=%x:", service != NULL ? service : "-",
         family, type, protocol, (unsigned)flags);
  const int error = getaddrinfo(name, service, &hints, &list);
  if (error != 0) {
    printf(" error %d %s\n", error, gai_strerror(error));
    return;
  }
  for (const struct addrinfo* entry = list; entry != NULL; entry = entry->ai_next) {
    char host[NI_MAXHOST] = "?";
    char port[NI_MAXSERV] = "?";
    getnameinfo(entry->ai_addr, entry->ai_addrlen, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    const char* mapped = strncmp(host, "::ffff:", 7) == 0 ? "::ffff:" : "";
    if (hide_address && strcmp(host, "127.0.0.1") != 0) {
      snprintf(host, sizeof host, "%sA", mapped);
    }
    printf(" {%s %s family=%d type=%d protocol=%d flags=%x length=%u name=%s}", host, port,
           entry->ai_family, entry->ai_socktype, entry->ai_protocol, (unsigned)entry->ai_flags,
           entry->ai_addrlen, entry->ai_canonname != NULL ? entry->ai_canonname : "-");
  }
  printf("\n");
  freeaddrinfo(list);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--hide-address") == 0) {
    hide_address = 1;
    --argc;
    ++argv;
  }
  if (argc != 2) {
    Usage("getaddrinfo [--hide-address] NAME");
  }
  const char* name = argv[1];
  const int families[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX};
  const int types[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, 99};
  const char* services[] = {NULL, "443", "https", "no-such-service", "99999", "domain"};
  const int flags[] = {0,
                       AI_CANONNAME,
                       AI_PASSIVE,
                       AI_NUMERICHOST,
                       AI_NUMERICSERV,
                       AI_ADDRCONFIG,
                       AI_V4MAPPED,
                       AI_V4MAPPED | AI_ALL,
                       AI_CANONNAME | AI_V4MAPPED | AI_ADDRCONFIG,
                       0x8000};
  for (size_t f = 0; f < sizeof families / sizeof families[0]; ++f) {
    for (size_t s = 0; s < sizeof services / sizeof services[0]; ++s) {
      for (size_t t = 0; t < sizeof types / sizeof types[0]; ++t) {
        Show(name, services[s], families[f], types[t], 0, 0);
      }
    }
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; ++i) {
      Show(name, "443", families[f], SOCK_STREAM, 0, flags[i]);
      Show(name, NULL, families[f], 0, 0, flags[i]);
    }
  }
  Show(name, "443", AF_INET, SOCK_STREAM, IPPROTO_UDP, 0);
  Show(name, "443", AF_INET, 0, IPPROTO_TCP, 0);
  Show(name, "https", AF_UNSPEC, 0, IPPROTO_UDP, 0);
  struct addrinfo* list = NULL;
  const int error = getaddrinfo(name, NULL, NULL, &list);
  int count = 0;
  int all_flags = 0;
  for (const struct addrinfo* entry = list; error == 0 && entry != NULL; entry = entry->ai_next) {
    ++count;
    all_flags |= entry->ai_flags;
  }
  printf("no hints: error %d, %d entries, flags %x\n", error, count, (unsigned)all_flags);
  if (error == 0) {
    freeaddrinfo(list);
  }
  return 0;
}
