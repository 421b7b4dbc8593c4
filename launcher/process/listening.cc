#include "process/listening.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/descriptor_room.h"
#include "chain/flight_file.h"
#include "config/config.h"
#include "engine/session.h"
#include "listener/listen_address.h"
#include "listener/listener.h"
#include "process/complain.h"
#include "process/flight_trials.h"
#include "process/relay_process.h"

namespace process {
namespace {

// How long the relay may take to end its last connections, which are cut here.
constexpr int64_t kRelayGraceMs = 2000;
constexpr int kLookMs = 10;

std::string Text(const base::Endpoint& endpoint) {
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(endpoint.Text(buffer));
}

// Those that end it; but for what whoever started it has it ignore, as nohup(1) does.
sigset_t EndingSignals() {
  sigset_t out;
  sigemptyset(&out);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action;
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
      sigaddset(&out, number);
    }
  }
  return out;
}

void AwaitEnd(RelayProcess relay) {
  relay.keeper.Reset();
  const int64_t until_ms = base::NowMs() + kRelayGraceMs;
  while (relay.pid > 0 && waitpid(relay.pid, nullptr, WNOHANG) == 0 && base::NowMs() < until_ms) {
    sys::Poll(nullptr, 0, kLookMs);
  }
}

}  // namespace

int RunListening(const Job& job, const base::Endpoint& at) {
  auto socket = listener::Listen(at);
  if (!socket.ok()) {
    return Complain(
        fmt::format("cannot listen on {}: {}", Text(at), std::strerror(socket.error().code)));
  }
  const base::Endpoint own = listener::AddressOf(socket->get());
  const sigset_t ending = EndingSignals();
  sigprocmask(SIG_BLOCK, &ending, nullptr);
  signal(SIGPIPE, SIG_IGN);
  RelayProcess relay;
  if (config::ImageNeedsRelay(job.config_image)) {
    auto started = StartRelay(-1);
    if (!started.ok()) {
      return Complain(fmt::format("cannot start the relay that these proxies need: {}: {}",
                                  started.error().what, std::strerror(started.error().code)));
    }
    relay = std::move(started.value());
  }
  auto created = engine::Session::Create(job.settings, job.config_image, job.lists);
  if (!created.ok()) {
    return Complain(fmt::format("cannot make the state of this run: {}: {}", created.error().what,
                                std::strerror(created.error().code)));
  }
  engine::Session& session = created->session;
  if (const config::Proxy* const proxy = listener::ProxyAt(session.config(), own)) {
    return Complain(fmt::format("proxy {} is {}, where gochain itself is to listen",
                                session.config().text(proxy->name), Text(own)));
  }
  if (relay.pid > 0 && !relay.Share(session, created->fd.get())) {
    return Complain("the relay has ended");
  }
  chain::FlightFile(job.cache_folder).Load(session.config(), time(nullptr), session.flights());
  FlightTrials trials(session, job.cache_folder);
  base::MakeRoomForDescriptors(socket->get());
  auto own_listener = std::make_unique<listener::Listener>(session, std::move(socket.value()),
                                                           listener::Listener::Options{});
  if (!own_listener->Start()) {
    return Complain("cannot start a thread");
  }
  trials.Start();
  if (!own.address().IsLoopback() || own.address().IsAny()) {
    if (job.settings.log_level >= engine::LogLevel::kWarn) {
      Complain(fmt::format(
          "warning: whoever can reach {} can use these proxies, without a password", Text(own)));
    }
  }
  Complain(fmt::format("listening on {}: SOCKS5, SOCKS4 and HTTP", Text(own)));
  int number = 0;
  while (sigwait(&ending, &number) != 0) {
  }
  own_listener.reset();
  if (!trials.IsAtWork()) {
    trials.Finish();  // which would wait for it, and whoever sent the signal for that
  }
  AwaitEnd(std::move(relay));
  // Not exit(3): a look-up that was given up may still be at work.
  _exit(0);
}

}  // namespace process
