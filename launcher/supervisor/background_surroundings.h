// BackgroundSurroundings: how a dial waits that a program doesn't wait for: it believes itself
// connected, and may send, half-close, or go away meanwhile. Of one dial and one thread.
#ifndef GOCHAIN_SUPERVISOR_BACKGROUND_SURROUNDINGS_H_
#define GOCHAIN_SUPERVISOR_BACKGROUND_SURROUNDINGS_H_

#include <atomic>
#include <cstdint>

#include "base/fd.h"
#include "engine/connector.h"

namespace supervisor {

class BackgroundSurroundings final : public engine::Surroundings {
 public:
  // `program` is our end of the program's connection. `stopping` ends the dial; it outlives this.
  BackgroundSurroundings(int program, const std::atomic<bool>& stopping)
      : program_(program), stopping_(stopping) {}

  int Connect(int fd, const sockaddr* address, socklen_t length, int64_t deadline_ms) override;
  Waited Wait(int fd, short events, int64_t deadline_ms) override;
  int Resolve(std::string_view name, std::span<base::IpAddress> out, int64_t deadline_ms,
              engine::Doubt* doubt) override;
  int Replace(int fd, int domain) override;

  // The socket that took the first one's place; invalid: none did.
  base::Fd& replacement() { return replacement_; }

 private:
  bool IsProgramGone(short events);

  const int program_;
  const std::atomic<bool>& stopping_;
  // It has sent FIN: since then poll(2) would say so all the time.
  bool half_closed_ = false;
  base::Fd replacement_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_BACKGROUND_SURROUNDINGS_H_
