// How many descriptors a process of gochain's may have: more than the usual soft limit, which is
// for programs that use select(2).
#ifndef GOCHAIN_SUPERVISOR_DESCRIPTOR_LIMIT_H_
#define GOCHAIN_SUPERVISOR_DESCRIPTOR_LIMIT_H_

#include <sys/resource.h>

namespace supervisor {

// Makes room for many connections at once. Returns the limit there is now.
// REQUIRES: processes that must not inherit it have been forked
rlim_t RaiseDescriptorLimit();

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_DESCRIPTOR_LIMIT_H_
