// Dispatcher: gives each notification to the handler of its call.
#ifndef GOCHAIN_SUPERVISOR_DISPATCHER_H_
#define GOCHAIN_SUPERVISOR_DISPATCHER_H_

#include "supervisor/crew.h"
#include "supervisor/services.h"

namespace supervisor {

class Dispatcher final : public Crew::Work {
 public:
  explicit Dispatcher(Services& services) : services_(services) {}

  void Serve(const seccomp_notif& notification, Crew::Member& member) override;

 private:
  Services& services_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_DISPATCHER_H_
