// What the tools that time one thing many times share.
#ifndef GOCHAIN_BENCH_STOPWATCH_H_
#define GOCHAIN_BENCH_STOPWATCH_H_

#include <stdlib.h>
#include <time.h>

static inline double Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline int CompareDoubles(const void* a, const void* b) {
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

// Sorts them. REQUIRES: count > 0
static inline double Median(double* values, size_t count) {
  qsort(values, count, sizeof *values, CompareDoubles);
  return values[count / 2];
}

#endif  // GOCHAIN_BENCH_STOPWATCH_H_
