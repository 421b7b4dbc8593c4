#include "process/flight_trials.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "base/clock.h"
#include "base/fd.h"
#include "chain/dial.h"
#include "engine/plan.h"
#include "supervisor/thread.h"

namespace process {
namespace {

using base::Fd;
using State = chain::Dial::State;

// Each finds out something, of hop after hop.
constexpr int kMaxDials = 8;
constexpr int64_t kDialMs = 20 * 1000;
// COMMAND has ended: what isn't known by then is found out by another run.
constexpr int64_t kFinishMs = 5 * 1000;
constexpr int64_t kLookMs = 5;
// Nothing can listen there (RFC 6335 §6), and proxies say so at once: squid goes on trying a port
// that refuses for six seconds.
constexpr uint16_t kNoPort = 0;

int64_t NowSeconds() { return time(nullptr); }

void Pause(int64_t ms) {
  const timespec pause{ms / 1000, ms % 1000 * 1000000};
  nanosleep(&pause, nullptr);
}

// 0, or an errno.
int WaitFor(int fd, short events, int64_t deadline_ms) {
  for (;;) {
    const int64_t left_ms = deadline_ms - base::NowMs();
    if (left_ms <= 0) {
      return ETIMEDOUT;
    }
    pollfd waited{fd, events, 0};
    const int ready =
        sys::Poll(&waited, 1, static_cast<int>(std::min<int64_t>(left_ms, INT32_MAX)));
    if (ready > 0) {
      return 0;
    }
    if (ready < 0 && ready != -EINTR) {
      return -ready;
    }
  }
}

Fd ConnectTo(const base::IpAddress& address, uint16_t port, int64_t deadline_ms) {
  const int domain = address.is_v4() ? AF_INET : AF_INET6;
  Fd fd(socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  sockaddr_storage storage;
  const socklen_t length = base::ToSockaddr(address, port, domain, &storage);
  if (!fd) {
    return {};
  }
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    int error = errno;
    if (error == EINPROGRESS && WaitFor(fd.get(), POLLOUT, deadline_ms) == 0) {
      socklen_t size = sizeof error;
      getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) {
      return {};
    }
  }
  return fd;
}

}  // namespace

void FlightTrials::Start() {
  const config::Config& config = session_.config();
  const bool has_chains = !config.chains().empty();
  for (size_t i = 0; i < config.proxies().size(); ++i) {
    const config::Proxy& proxy = config.proxies()[i];
    const chain::FlightTable::Knowledge known = session_.flights().Of(i);
    const bool is_open = (proxy.type == config::ProxyType::kSocks5 &&
                          known.own == chain::FlightTable::Answer::kUnknown) ||
                         (has_chains && known.passes_on == chain::FlightTable::Answer::kUnknown);
    if (proxy.pipeline == config::Pipeline::kAuto && is_open) {
      // Without it nothing is learned, and nothing lost.
      is_running_ = supervisor::StartThread(Run, this);
      return;
    }
  }
}

bool FlightTrials::IsAtWork() const { return is_running_ && session_.flights().HasTrial(); }

void FlightTrials::Finish() {
  const int64_t deadline_ms = base::NowMs() + kFinishMs;
  while (IsAtWork() && base::NowMs() < deadline_ms) {
    Pause(kLookMs);
  }
  Save();
}

void FlightTrials::Loop() {
  for (;;) {
    const chain::Path path = session_.flights().WaitForPath();
    for (int dials = 0; dials < kMaxDials && Dial(path); ++dials) {
    }
    Save();
    session_.flights().EndTrial();
  }
}

// False where there was nothing to find out, or no way to.
bool FlightTrials::Dial(const chain::Path& path) {
  const config::Config& config = session_.config();
  engine::Addresses addresses;
  const size_t count = engine::KnownHopAddresses(session_, path[0], &addresses);
  chain::Dial dial(config, path, {base::IpAddress::V4(INADDR_LOOPBACK), kNoPort});
  dial.ShareLogins(session_.logins());
  if (!dial.TryFlights(session_.flights())) {
    return false;
  }
  dial.LimitTo(base::NowMs() + kDialMs, "");
  Fd fd;
  for (;;) {
    dial.Start(base::NowMs());
    fd.Reset();
    for (size_t i = 0; i < count && !fd; ++i) {
      fd = ConnectTo(addresses[i], path.At(config, 0).port, dial.deadline_ms());
    }
    if (!fd) {
      return false;
    }
    dial.Connected(0, base::NowMs());
    while (dial.state() == State::kWantRead || dial.state() == State::kWantWrite) {
      const State state = dial.Advance(fd.get(), base::NowMs());
      if (state != State::kWantRead && state != State::kWantWrite) {
        break;
      }
      if (WaitFor(fd.get(), state == State::kWantRead ? POLLIN : POLLOUT, dial.deadline_ms()) !=
          0) {
        dial.TimeOut();
      }
    }
    if (dial.state() != State::kReconnect) {
      return true;
    }
    dial.Restart();
  }
}

void FlightTrials::Save() { (void)file_.Save(session_.config(), NowSeconds(), session_.flights()); }

}  // namespace process
