#include "hooks/broker_starter.h"

#include "base/syscalls.h"
#include "engine/broker.h"
#include "hooks/outsider.h"

namespace hooks {

bool BrokerStarter::Share(engine::Session& session) {
  const SignalsBlocked blocked;
  engine::BrokerSearch search(session.config(), session.config_image());
  const auto outcome = search.Run();
  if (outcome == engine::BrokerSearch::Outcome::kNone) {
    why_ = search.why();
    return false;
  }
  broker_ = search.broker();
  if (outcome == engine::BrokerSearch::Outcome::kStart) {
    if (!MoveUp(&search.region()) || !MoveUp(&search.listener())) {
      why_ = "no descriptor for it";
      return false;
    }
    const Outsider broker = StartOutsider("--library-broker", sys::Getpid(), search.region().get(),
                                          search.listener().get());
    if (broker.pid == 0) {
      why_ = broker.Text(text_);
      return false;
    }
    broker_ = broker.pid;
  }
  const auto borrowed = session.Borrow({.fd = search.region().get(), .lends_relay = true});
  why_ = borrowed.ok() ? "" : borrowed.error().what;
  return borrowed.ok();
}

}  // namespace hooks
