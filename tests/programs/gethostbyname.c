// gethostbyname NAME: what the gethostbyname family makes of NAME, a line each. The lines have to
// be those of a name that DNS gives one IPv4 address; `--hide-address` prints "A" for it.
#include "program.h"

static int hide_address;

static void Print(const char* call, const struct hostent* entry) {
  printf("%s:", call);
  if (entry == NULL) {
    printf(" none, h_errno %d\n", h_errno);
    return;
  }
  printf(" %s type=%d length=%d", entry->h_name, entry->h_addrtype, entry->h_length);
  for (char** alias = entry->h_aliases; *alias != NULL; ++alias) {
    printf(" alias=%s", *alias);
  }
  for (char** address = entry->h_addr_list; *address != NULL; ++address) {
    char text[INET6_ADDRSTRLEN] = "?";
    inet_ntop(entry->h_addrtype, *address, text, sizeof text);
    printf(" %s", hide_address ? "A" : text);
  }
  printf("\n");
}

static int Reentrant(const char* name, int family, size_t size, int quiet) {
  struct hostent entry;
  struct hostent* result = (struct hostent*)16;
  int error = 0;
  char* buffer = malloc(size);
  const int code = family == 0
                       ? gethostbyname_r(name, &entry, buffer, size, &result, &error)
                       : gethostbyname2_r(name, family, &entry, buffer, size, &result, &error);
  if (!quiet) {
    printf("family %d: returns %s, result %s, h_errno %d:", family, ErrnoName(code),
           result == &entry ? "set"
           : result == NULL ? "null"
                            : "untouched",
           result == &entry ? 0 : error);
    h_errno = error;
    Print("", result == &entry ? result : NULL);
  }
  free(buffer);
  return code;
}

// As callers do: a buffer twice as large until it is large enough. How large depends on the libc.
static void Doubling(const char* name, int family) {
  size_t size = 1;
  while (size < 65536 && Reentrant(name, family, size, 1) == ERANGE) {
    size *= 2;
  }
  Reentrant(name, family, size, 0);
}

int main(int argc, char** argv) {
  const char* name = OneArgument(argc, argv, "gethostbyname [--hide-address] NAME", &hide_address);
  h_errno = 0;
  Print("gethostbyname", gethostbyname(name));
  Print("gethostbyname2 AF_INET", gethostbyname2(name, AF_INET));
  Print("gethostbyname2 AF_INET6", gethostbyname2(name, AF_INET6));
  const int families[] = {0, AF_INET, AF_INET6};
  for (int i = 0; i < 3; ++i) {
    Reentrant(name, families[i], 8, 0);
    Doubling(name, families[i]);
  }
  return 0;
}
