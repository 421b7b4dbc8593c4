// resolver [--hide-address] NAME: what resolver(3) says of NAME by each of its functions, a line
// each: how many records, and the IPv4 address of the last. `--hide-address` prints "A" for it.
// clang-format off: the first has to come first
#include <netinet/in.h>
#include <arpa/nameser.h>
// clang-format on
#include <resolv.h>

#include "program.h"

static int hide_address;
static unsigned char answer[1500];

static void Show(const char* what, int size) {
  ns_msg message;
  ns_rr record;
  if (size < 0) {
    printf("%s: h_errno %d\n", what, h_errno);
    return;
  }
  if (ns_initparse(answer, size, &message) != 0) {
    printf("%s: broken\n", what);
    return;
  }
  const int count = ns_msg_count(message, ns_s_an);
  printf("%s: code %d, %d records", what, ns_msg_getflag(message, ns_f_rcode), count);
  if (count > 0 && ns_parserr(&message, ns_s_an, count - 1, &record) == 0 &&
      ns_rr_type(record) == ns_t_a) {
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, ns_rr_rdata(record), text, sizeof text);
    printf(", %s", hide_address ? "A" : text);
  }
  printf("\n");
}

static void ShowByState(const char* name, const char* first, const char* rest) {
#ifdef __GLIBC__
  struct __res_state state = {0};
  unsigned char query[512];
  res_ninit(&state);
  Show("res_nquery", res_nquery(&state, name, ns_c_in, ns_t_a, answer, sizeof answer));
  Show("res_nquery AAAA", res_nquery(&state, name, ns_c_in, ns_t_aaaa, answer, sizeof answer));
  printf("its h_errno %d\n", state.res_h_errno);
  Show("res_nsearch", res_nsearch(&state, name, ns_c_in, ns_t_a, answer, sizeof answer));
  Show("res_nquerydomain",
       res_nquerydomain(&state, first, rest, ns_c_in, ns_t_a, answer, sizeof answer));
  const int size =
      res_nmkquery(&state, ns_o_query, name, ns_c_in, ns_t_a, NULL, 0, NULL, query, sizeof query);
  Show("res_nsend", res_nsend(&state, query, size, answer, sizeof answer));
  res_nclose(&state);
#else
  (void)name, (void)first, (void)rest;  // musl has no states
#endif
}

int main(int argc, char** argv) {
  const char* name = OneArgument(argc, argv, "resolver [--hide-address] NAME", &hide_address);
  static const struct {
    const char* text;
    int type;
  } kTypes[] = {{"A", ns_t_a}, {"AAAA", ns_t_aaaa}, {"TXT", ns_t_txt}, {"MX", ns_t_mx}};
  char first[256] = "";
  const size_t label = strcspn(name, ".");
  memcpy(first, name, label < sizeof first ? label : 0);
  const char* rest = name[label] == '.' ? name + label + 1 : name + label;
  for (size_t i = 0; i < sizeof kTypes / sizeof kTypes[0]; ++i) {
    printf("%s ", kTypes[i].text);
    Show("res_query", res_query(name, ns_c_in, kTypes[i].type, answer, sizeof answer));
  }
  Show("res_search", res_search(name, ns_c_in, ns_t_a, answer, sizeof answer));
  Show("res_querydomain", res_querydomain(first, rest, ns_c_in, ns_t_a, answer, sizeof answer));
  unsigned char query[512];
  const int size =
      res_mkquery(ns_o_query, name, ns_c_in, ns_t_a, NULL, 0, NULL, query, sizeof query);
  Show("res_send", res_send(query, size, answer, sizeof answer));
  ShowByState(name, first, rest);
  return 0;
}
