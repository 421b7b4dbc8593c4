// Shares the tables of a library that has no launcher with the other programs of its user that have
// the same rules: finds the broker that holds them, or starts it. Async-signal-safe, any thread; no
// signal is handled on the calling thread meanwhile.
#ifndef GOCHAIN_HOOKS_BROKER_STARTER_H_
#define GOCHAIN_HOOKS_BROKER_STARTER_H_

#include <sys/types.h>

#include <array>
#include <string_view>

#include "engine/session.h"

namespace hooks {

class BrokerStarter {
 public:
  // True: `session` borrows the broker's tables.
  bool Share(engine::Session& session);

  // After Share(): the broker's process; 0: it can't be seen from here.
  pid_t broker() const { return broker_; }
  // Why there is none; empty where there shall be none.
  std::string_view why() const { return why_; }

 private:
  pid_t broker_ = 0;
  std::string_view why_;
  std::array<char, 96> text_{};
};

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_BROKER_STARTER_H_
