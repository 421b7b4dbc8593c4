// ResolvConf: what resolv.conf(5) says of search domains, as far as it changes which names a
// program asks for.
#ifndef GOCHAIN_SUPERVISOR_RESOLV_CONF_H_
#define GOCHAIN_SUPERVISOR_RESOLV_CONF_H_

#include <string>
#include <string_view>
#include <vector>

#include "supervisor/caller.h"

namespace supervisor {

struct ResolvConf {
  std::vector<std::string> search;  // lower case, no final dot
  unsigned ndots = 1;

  bool operator==(const ResolvConf&) const = default;
};

// `host_name` gives the search domain where the file names none, as resolv.conf(5) says.
ResolvConf ParseResolvConf(std::string_view text, std::string_view host_name);
// The file as `caller` sees it.
ResolvConf ReadResolvConf(const Caller& caller);

// What `name` is without the search domain that it ends in; empty where it ends in none.
std::string_view StemOf(const ResolvConf& conf, std::string_view name);

// The part of `name` before a search domain, where a resolver may have put `name` together from
// that part and the domain before it tried the part alone: the part has a dot, but fewer than
// ndots. Empty: `name` was asked for as it is.
std::string_view SearchStem(const ResolvConf& conf, std::string_view name);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_RESOLV_CONF_H_
