// getaddrinfo NAME: what comes back for NAME ("-": a null pointer) with each kind of hints, a line
// each. The lines have to be those of a name that DNS gives one IPv4 address; `--hide-address`
// prints "A" for it.
#include "program.h"

static int hide_address;

static void Show(const char* name, const char* service, int family, int type, int protocol,
                 int flags) {
  const struct addrinfo hints = {
      .ai_flags = flags, .ai_family = family, .ai_socktype = type, .ai_protocol = protocol};
  struct addrinfo* list = (struct addrinfo*)16;
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

// Without hints the defaults are not those of empty ones.
static void ShowWithoutHints(const char* name, const char* service) {
  struct addrinfo* list = NULL;
  const int error = getaddrinfo(name, service, NULL, &list);
  int count = 0;
  int all_flags = 0;
  for (const struct addrinfo* entry = list; error == 0 && entry != NULL; entry = entry->ai_next) {
    ++count;
    all_flags |= entry->ai_flags;
  }
  printf("no hints, service=%s: error %d, %d entries, flags %x\n", service != NULL ? service : "-",
         error, count, (unsigned)all_flags);
  if (error == 0) {
    freeaddrinfo(list);
  }
}

static const int kFamilies[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX};
static const int kTypes[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, 99};
static const char* const kServices[] = {NULL,    "443",    "https", "no-such-service",
                                        "99999", "domain", "",      "-1"};
static const int kFlags[] = {0,
                             AI_CANONNAME,
                             AI_PASSIVE,
                             AI_PASSIVE | AI_CANONNAME,
                             AI_NUMERICHOST,
                             AI_NUMERICHOST | AI_CANONNAME,
                             AI_NUMERICSERV,
                             AI_ADDRCONFIG,
                             AI_V4MAPPED,
                             AI_ALL,
                             AI_V4MAPPED | AI_ALL,
                             AI_CANONNAME | AI_V4MAPPED | AI_ADDRCONFIG,
                             0x8000};
// Protocols that fit their socket type, or don't.
static const struct {
  int type;
  int protocol;
} kProtocols[] = {{SOCK_STREAM, IPPROTO_UDP}, {0, IPPROTO_TCP},  {0, IPPROTO_UDP},
                  {SOCK_DGRAM, IPPROTO_UDP},  {0, IPPROTO_ICMP}, {SOCK_RAW, IPPROTO_ICMP}};

#define FOR_EACH(index, table) \
  for (size_t index = 0; index < sizeof(table) / sizeof((table)[0]); ++index)

int main(int argc, char** argv) {
  const char* name = OneArgument(argc, argv, "getaddrinfo [--hide-address] NAME", &hide_address);
  name = strcmp(name, "-") == 0 ? NULL : name;
  FOR_EACH(f, kFamilies) {
    FOR_EACH(s, kServices) {
      FOR_EACH(t, kTypes) { Show(name, kServices[s], kFamilies[f], kTypes[t], 0, 0); }
    }
    FOR_EACH(i, kFlags) {
      Show(name, "443", kFamilies[f], SOCK_STREAM, 0, kFlags[i]);
      Show(name, "https", kFamilies[f], 0, 0, kFlags[i]);
      Show(name, NULL, kFamilies[f], 0, 0, kFlags[i]);
    }
    FOR_EACH(p, kProtocols) {
      Show(name, "https", kFamilies[f], kProtocols[p].type, kProtocols[p].protocol, 0);
    }
  }
  ShowWithoutHints(name, NULL);
  ShowWithoutHints(name, "https");
  return 0;
}
