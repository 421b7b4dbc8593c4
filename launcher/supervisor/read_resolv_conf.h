// resolv.conf(5) as the thread of a trapped call sees it.
#ifndef GOCHAIN_SUPERVISOR_READ_RESOLV_CONF_H_
#define GOCHAIN_SUPERVISOR_READ_RESOLV_CONF_H_

#include "names/resolv_conf.h"
#include "supervisor/caller.h"

namespace supervisor {

names::ResolvConf ReadResolvConf(const Caller& caller);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_READ_RESOLV_CONF_H_
