// ErrnoKeeper: the edge of a hook, where -errno becomes errno. A hook that succeeds leaves errno as
// it found it.
#ifndef GOCHAIN_HOOKS_ERRNO_KEEPER_H_
#define GOCHAIN_HOOKS_ERRNO_KEEPER_H_

#include <cerrno>

namespace hooks {

class ErrnoKeeper {
 public:
  ErrnoKeeper() : saved_(errno) {}

  // `result` is >= 0 or -errno; returns what the C function returns.
  template <typename T>
  T Return(T result) const {
    errno = result < 0 ? static_cast<int>(-result) : saved_;
    return result < 0 ? -1 : result;
  }

  void Restore() const { errno = saved_; }

 private:
  int saved_;
};

// What a C function returned, as >= 0 or -errno.
template <typename T>
T FromC(T result) {
  return result < 0 ? static_cast<T>(-errno) : result;
}

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_ERRNO_KEEPER_H_
