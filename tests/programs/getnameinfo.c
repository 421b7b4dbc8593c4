// getnameinfo NAME: what getnameinfo and gethostbyaddr make of NAME's address, a line each. The
// lines have to be those of an address that DNS gives the name for.
#include "program.h"

static struct sockaddr_in address;

static void Show(const char* what, socklen_t host_size, socklen_t service_size, int flags) {
  char host[NI_MAXHOST] = "-";
  char service[NI_MAXSERV] = "-";
  const int error =
      getnameinfo((struct sockaddr*)&address, sizeof address, host_size != 0 ? host : NULL,
                  host_size, service_size != 0 ? service : NULL, service_size, flags);
  if ((flags & NI_NUMERICHOST) != 0 && error == 0 && host_size != 0) {
    snprintf(host, sizeof host, "A");
  }
  printf("%s: %d %s %s\n", what, error, error == 0 ? host : "", error == 0 ? service : "");
}

static void ShowEntry(const char* what, const struct hostent* entry) {
  if (entry == NULL) {
    printf("%s: none, h_errno %d\n", what, h_errno);
    return;
  }
  printf("%s: %s type=%d length=%d same=%d\n", what, entry->h_name, entry->h_addrtype,
         entry->h_length, memcmp(entry->h_addr_list[0], &address.sin_addr, 4) == 0);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    Usage("getnameinfo NAME");
  }
  const struct Target target = FindTarget(argv[1], "443");
  memcpy(&address, &target.address, sizeof address);
  Show("plain", NI_MAXHOST, NI_MAXSERV, 0);
  Show("numeric", NI_MAXHOST, NI_MAXSERV, NI_NUMERICHOST | NI_NUMERICSERV);
  Show("name required", NI_MAXHOST, NI_MAXSERV, NI_NAMEREQD);
  Show("name required of a number", NI_MAXHOST, NI_MAXSERV, NI_NAMEREQD | NI_NUMERICHOST);
  Show("name required, service alone", 0, NI_MAXSERV, NI_NAMEREQD);
  Show("local part", NI_MAXHOST, NI_MAXSERV, NI_NOFQDN);
  Show("datagram service", NI_MAXHOST, NI_MAXSERV, NI_DGRAM);
  Show("number of the service", NI_MAXHOST, NI_MAXSERV, NI_NUMERICSERV);
  Show("host alone", NI_MAXHOST, 0, 0);
  Show("service alone", 0, NI_MAXSERV, 0);
  Show("neither", 0, 0, 0);
  Show("host too short", 4, NI_MAXSERV, 0);
  Show("host one byte too short", (socklen_t)strlen(argv[1]), NI_MAXSERV, 0);
  Show("host just long enough", (socklen_t)strlen(argv[1]) + 1, NI_MAXSERV, 0);
  Show("number too short", 4, NI_MAXSERV, NI_NUMERICHOST);
  Show("service too short", NI_MAXHOST, 2, 0);
  Show("bad flags", NI_MAXHOST, NI_MAXSERV, 0x8000);
  char host[NI_MAXHOST];
  printf("short address: %d\n",
         getnameinfo((struct sockaddr*)&address, 8, host, sizeof host, NULL, 0, 0));
  ShowEntry("gethostbyaddr", gethostbyaddr(&address.sin_addr, 4, AF_INET));
  struct hostent entry;
  struct hostent* result = NULL;
  char buffer[1024];
  int error = 0;
  const int code = gethostbyaddr_r(&address.sin_addr, 4, AF_INET, &entry, buffer, sizeof buffer,
                                   &result, &error);
  printf("gethostbyaddr_r: returns %s, h_errno %d\n", ErrnoName(code), error);
  ShowEntry("gethostbyaddr_r", result);
  const int small =
      gethostbyaddr_r(&address.sin_addr, 4, AF_INET, &entry, buffer, 4, &result, &error);
  printf("gethostbyaddr_r in 4 bytes: returns %s, result %s, h_errno %d\n", ErrnoName(small),
         result == NULL ? "null" : "set", error);
  return 0;
}
