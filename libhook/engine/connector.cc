#include "engine/connector.h"

#include <poll.h>

#include <cerrno>

#include "base/clock.h"
#include "engine/attempt.h"

namespace engine {

int Connector::Run(int fd, int domain, const Plan& plan, Surroundings& surroundings) {
  Attempt attempt(session_, door_, program_, surroundings, plan, fd, domain);
  attempt.Begin();
  for (;;) {
    surroundings.set_doubt(attempt.doubt());
    switch (attempt.want()) {
      case Attempt::Want::kConnect:
        attempt.Connected(surroundings.Connect(attempt.fd(), attempt.address(),
                                               attempt.address_length(), attempt.deadline_ms()));
        break;
      case Attempt::Want::kRead:
        attempt.Waited(surroundings.Wait(attempt.fd(), POLLIN, attempt.deadline_ms()));
        break;
      case Attempt::Want::kWrite:
        attempt.Waited(surroundings.Wait(attempt.fd(), POLLOUT, attempt.deadline_ms()));
        break;
      case Attempt::Want::kNothing:
        surroundings.set_doubt(nullptr);
        failure_ = attempt.failure();
        // A program that was interrupted may ask the socket how its connect goes on: badly.
        if (attempt.result() < 0 && attempt.result() != -EINTR && attempt.result() != -ECANCELED) {
          ClearError(attempt.fd());
        }
        return attempt.result();
    }
  }
}

}  // namespace engine
