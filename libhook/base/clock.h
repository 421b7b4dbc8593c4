// Monotonic time in milliseconds and microseconds; async-signal-safe.
#ifndef GOCHAIN_BASE_CLOCK_H_
#define GOCHAIN_BASE_CLOCK_H_

#include <time.h>

#include <cstdint>

namespace base {

inline int64_t NowUs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000000 + now.tv_nsec / 1000;
}

inline int64_t NowMs() { return NowUs() / 1000; }

}  // namespace base

#endif  // GOCHAIN_BASE_CLOCK_H_
