#include "relay/dialer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "engine/plan.h"
#include "errand/host_lookup.h"

namespace relay {
namespace {

using base::Fd;
using State = chain::Dial::State;

constexpr std::string_view kProxysName = "the proxy's own name";

}  // namespace

// One dial on its way. Stops where `given_up_` is set: the program is gone.
class Dialer::Attempt {
 public:
  Attempt(Dialer& dialer, const chain::Path& path, const base::Endpoint& target,
          const Patience& patience, int64_t limit_ms)
      : dialer_(dialer),
        path_(path),
        patience_(patience),
        limit_ms_(limit_ms),
        dial_(dialer.config(), path_, target) {}

  Dialed Run() {
    dial_.ShareLogins(dialer_.session_.logins());
    dial_.ShareFlights(dialer_.session_.flights());
    Begin();
    while (!given_up_ && dial_.state() != State::kDone && dial_.state() != State::kFailed) {
      Step();
    }
    Dialed out;
    out.connect_us = connect_us_;
    if (!given_up_ && dial_.state() == State::kDone) {
      out.stream = std::move(stream_);
    } else if (!given_up_) {
      out.failure = dial_.failure();
    }
    return out;
  }

 private:
  int64_t deadline_ms() const { return std::min(dial_.deadline_ms(), limit_ms_); }

  void Begin() {
    if (!dial_.StartAtSsh(base::NowMs())) {
      Connect();
    }
  }

  void Step() {
    switch (dial_.state()) {
      case State::kWantRead:
      case State::kWantWrite:
        Shake();
        break;
      case State::kWantTls: {
        HopFailure failed;
        stream_ = MakeTls(HopNow(), std::move(stream_), &failed);
        stream_ != nullptr ? dial_.TlsUp() : FailAs(failed);
        break;
      }
      case State::kWantSsh: {
        HopFailure failed;
        uint32_t open_us = 0;
        stream_ = MakeSsh(HopNow(), dial_.next_stop(), &open_us, &failed);
        connect_us_ = dial_.hop() == 0 ? open_us : 0;
        stream_ != nullptr ? dial_.SshUp(base::NowMs()) : FailAs(failed);
        break;
      }
      case State::kWantToken: {
        HopFailure failed;
        MakeNegotiateToken(HopNow(), &token_, &failed) ? dial_.SetNegotiateToken(token_)
                                                       : FailAs(failed);
        break;
      }
      case State::kReconnect:
        stream_.reset();
        dial_.Restart();
        Begin();
        break;
      case State::kConnect:
      case State::kDone:
      case State::kFailed:
        break;
    }
  }

  HopAtWork HopNow() const {
    return {dialer_,   dialer_.config(), path_,    static_cast<uint8_t>(dial_.hop()),
            patience_, deadline_ms(),    limit_ms_};
  }

  void FailAs(const HopFailure& failed) {
    if (failed.failure) {
      dial_.FailAt(failed.hop, failed.failure);
    } else {
      given_up_ = true;
    }
  }

  // Goes on with a handshake, and then waits for what it wants.
  void Shake() {
    const State state = dial_.Advance(*stream_, base::NowMs());
    if (state == State::kFailed && stream_->trouble() != nullptr) {
      dial_.Fail(*stream_->trouble());
    }
    if (state != State::kWantRead && state != State::kWantWrite) {
      return;
    }
    After(patience_.Wait(*stream_, state == State::kWantRead ? POLLIN : POLLOUT, deadline_ms()));
  }

  // True where it makes sense to go on.
  bool After(Patience::Waited waited) {
    switch (waited) {
      case Patience::Waited::kReady:
        return true;
      case Patience::Waited::kTimedOut:
        dial_.TimeOut();
        return false;
      case Patience::Waited::kGone:
        given_up_ = true;
        return false;
    }
    return false;
  }

  void Connect() {
    dial_.Start(base::NowMs());
    engine::Addresses addresses;
    const size_t count = FirstHopAddresses(&addresses);
    if (count == 0) {
      return;
    }
    int error = 0;
    for (size_t i = 0; i < count; ++i) {
      error = ConnectTo(addresses[i], path_.At(dialer_.config(), 0).port);
      if (error == 0 || given_up_ || dial_.state() == State::kFailed) {
        break;
      }
    }
    if (!given_up_ && dial_.state() != State::kFailed) {
      dial_.Connected(error, base::NowMs());
    }
  }

  // 0: the dial has failed, or is given up.
  size_t FirstHopAddresses(engine::Addresses* out) {
    engine::Session& session = dialer_.session_;
    if (const size_t known = engine::KnownHopAddresses(session, path_[0], out); known > 0) {
      return known;
    }
    const errand::HostLookup lookup(dialer_.config().text(path_.At(dialer_.config(), 0).host));
    while (!lookup.done()) {
      switch (patience_.Wait(lookup.fd(), POLLIN, deadline_ms())) {
        case Patience::Waited::kReady:
          break;
        case Patience::Waited::kTimedOut:
          dial_.Fail(base::FromLookup(-ETIMEDOUT, kProxysName));
          return 0;
        case Patience::Waited::kGone:
          given_up_ = true;
          return 0;
      }
    }
    const int count = lookup.Take(*out);
    if (count <= 0) {
      dial_.Fail(base::FromLookup(count, kProxysName));
      return 0;
    }
    session.SetHopAddresses(
        path_[0], std::span<const base::IpAddress>(*out).first(static_cast<size_t>(count)));
    return static_cast<size_t>(count);
  }

  // 0 or an errno.
  int ConnectTo(const base::IpAddress& address, uint16_t port) {
    const int domain = address.is_v4() ? AF_INET : AF_INET6;
    Fd socket(::socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!socket.valid()) {
      return errno;
    }
    // What a program writes goes out as it would from its own socket, and nobody else notices a hop
    // that is gone.
    const int on = 1;
    sys::Setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sys::Setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    sockaddr_storage storage;
    const socklen_t length = base::ToSockaddr(address, port, domain, &storage);
    const int64_t start_us = base::NowUs();
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
      if (errno != EINPROGRESS) {
        return errno;
      }
      if (!After(patience_.Wait(socket.get(), POLLOUT, deadline_ms()))) {
        return ETIMEDOUT;
      }
      if (const int error = sys::PendingError(socket.get()); error != 0) {
        return -error;
      }
    }
    connect_us_ = static_cast<uint32_t>(std::max<int64_t>(base::NowUs() - start_us, 1));
    stream_ = std::make_unique<PlainStream>(std::move(socket));
    return 0;
  }

  Dialer& dialer_;
  const chain::Path path_;
  const Patience& patience_;
  const int64_t limit_ms_;
  chain::Dial dial_;
  std::unique_ptr<Stream> stream_;
  std::string token_;
  uint32_t connect_us_ = 0;
  bool given_up_ = false;
};

Dialed Dialer::Dial(const chain::Path& path, const base::Endpoint& target, const Patience& patience,
                    int64_t limit_ms) {
  return Attempt(*this, path, target, patience, limit_ms).Run();
}

}  // namespace relay
