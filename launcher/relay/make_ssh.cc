#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/clock.h"
#include "relay/copy.h"
#include "relay/dialer.h"
#include "relay/hop_services.h"
#include "relay/ssh_masters.h"
#include "relay/ssh_stream.h"

namespace relay {
namespace {

using base::Fd;

// Of the process: its masters are shared by all connections, and never go away before it does.
SshMasters& Masters() {
  static SshMasters* const masters = new SshMasters;
  return *masters;
}

struct Tunnel {
  Tunnel(Fd socket, std::unique_ptr<Stream> stream)
      : near(std::move(socket)), far(std::move(stream)) {}

  PlainStream near;
  std::unique_ptr<Stream> far;
};

void* RunTunnel(void* argument) {
  const std::unique_ptr<Tunnel> tunnel(static_cast<Tunnel*>(argument));
  Copy(tunnel->near, *tunnel->far);
  return nullptr;
}

// One descriptor for ssh: the stream's own, or one with the stream behind it.
Fd ToDescriptor(std::unique_ptr<Stream> stream) {
  if (stream->is_plain() && stream->fd() == stream->write_fd()) {
    return Fd(fcntl(stream->fd(), F_DUPFD_CLOEXEC, 3));
  }
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return Fd();
  }
  Fd theirs(ends[0]);
  auto tunnel = std::make_unique<Tunnel>(Fd(ends[1]), std::move(stream));
  pthread_t thread;
  if (pthread_create(&thread, nullptr, RunTunnel, tunnel.get()) != 0) {
    return Fd();
  }
  pthread_detach(thread);
  (void)tunnel.release();  // the thread's
  return theirs;
}

// The hops before the one at work, to be dialled for ssh.
SshSettings::DialBefore BeforeOf(const HopAtWork& hop) {
  chain::Path before;
  for (size_t i = 0; i < hop.hop; ++i) {
    before.Add(hop.path[i]);
  }
  if (before.empty()) {
    return {};
  }
  Dialer& dialer = hop.dialer;
  return
      [&dialer, before](const base::Endpoint& host, const Patience& patience, HopFailure* failed) {
        const int64_t limit_ms = base::NowMs() + static_cast<int64_t>(before.size()) *
                                                     dialer.config().globals().connect_timeout_ms;
        Dialed dialed = dialer.Dial(before, host, patience, limit_ms);
        if (dialed.stream == nullptr) {
          *failed = {dialed.failure.hop, dialed.failure};
          return Fd();
        }
        return ToDescriptor(std::move(dialed.stream));
      };
}

SshSettings SettingsOf(const HopAtWork& hop) {
  const config::Proxy& proxy = hop.proxy();
  SshSettings out;
  out.target.host = hop.config.text(proxy.host);
  out.target.user = hop.config.text(proxy.user);
  out.target.port = proxy.default_port ? uint16_t{0} : proxy.port;
  out.target.config_file = hop.config.text(proxy.ssh_config);
  out.hop = hop.hop;
  out.timeout_ms = hop.config.globals().connect_timeout_ms;
  out.dial_before = BeforeOf(hop);
  return out;
}

}  // namespace

std::unique_ptr<Stream> MakeSsh(const HopAtWork& hop, const base::Endpoint& next, uint32_t* open_us,
                                HopFailure* failed) {
  const int64_t timeout_ms = hop.config.globals().connect_timeout_ms;
  SshMasters::Way way;
  for (size_t i = 0; i <= hop.hop; ++i) {
    way.push_back(hop.path[i]);
  }
  // The hops before have their own times, which pass only where the master has to be started.
  const SshMasters::Times times{std::min(hop.deadline_ms + hop.hop * timeout_ms, hop.limit_ms),
                                timeout_ms, hop.limit_ms};
  SshMasters::Connection made;
  if (!Masters().Open(
          way, [&hop] { return SettingsOf(hop); }, next, hop.patience, times, &made, failed)) {
    return nullptr;
  }
  *open_us = made.open_us;
  return std::make_unique<SshStream>(
      std::move(made.channel), [master = std::move(made.master)] { return master->Answers(); });
}

void StopSsh() { Masters().StopAll(); }

}  // namespace relay
