#include "engine/connector.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/clock.h"

namespace engine {
namespace {

using base::Endpoint;
using base::IpAddress;

int IntOption(int fd, int level, int name, int otherwise) {
  int value = otherwise;
  socklen_t length = sizeof value;
  return sys::Getsockopt(fd, level, name, &value, &length) == 0 ? value : otherwise;
}

uint64_t Inode(int fd) {
  struct stat status;
  return sys::Fstat(fd, &status) == 0 ? status.st_ino : 0;
}

// What connect(2) says of a stream socket that isn't fresh: 0, or -errno.
int NotConnectable(int fd) {
  tcp_info info;
  socklen_t length = sizeof info;
  if (sys::Getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) {
    return 0;
  }
  switch (info.tcpi_state) {
    case TCP_CLOSE:
      return 0;
    case TCP_SYN_SENT:
    case TCP_SYN_RECV:
      return -EALREADY;
    default:
      return -EISCONN;
  }
}

// Makes `fd`, of `domain`, able to connect to `address`: a dual-stack socket reaches IPv4 as
// v4-mapped. 0 where it can't be.
socklen_t Reachable(int fd, int domain, const IpAddress& address, uint16_t port,
                    sockaddr_storage* out) {
  if (domain == AF_INET6 && address.is_v4() && IntOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0) {
    // Refused once the socket is bound.
    const int off = 0;
    if (sys::Setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
      return 0;
    }
  }
  return base::ToSockaddr(address, port, domain, out);
}

}  // namespace

void Disconnect(int fd, uint64_t cookie) {
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  sys::PassingConnect(fd, &none, sizeof none, cookie);
}

// One connect on its way: everything that the steps of Run share.
class Connector::Attempt {
 public:
  Attempt(Session& session, const Plan& plan, Program& program, Surroundings& surroundings)
      : session_(session),
        plan_(plan),
        program_(program),
        surroundings_(surroundings),
        route_(plan.decision.route) {}

  // The stream socket to work on; another one after a replacement.
  int fd = -1;
  int domain = AF_INET;
  Endpoint actual;        // where the socket is connected to, for the kernel
  base::Failure failure;  // where Run returns an errno that has a cause
  rules::Decision decision;
  chain::Path path;  // the hops of the dial, or of the last one that was tried

  int Run(int64_t start_ms) {
    const config::Config& config = session_.config();
    const Endpoint& destination = plan_.destination();
    Addresses found = plan_.addresses;
    size_t count = plan_.address_count;
    decision = plan_.decision;
    if (plan_.resolve_here) {
      if (const int error = LookUp(&found, &count); error != 0) {
        return error;
      }
    }
    if (route_.kind == config::RouteKind::kDirect) {
      return Dial({found[0], destination.port()}, std::span(found).first(count),
                  destination.port());
    }
    deadline_ms_ = start_ms + config.globals().chain_timeout_ms;
    PathChoice choice(session_, route_, deadline_ms_);
    surroundings_.set_doubt(choice.doubt());
    int result = -EHOSTUNREACH;
    while (choice.Next(&path)) {
      failure = {};
      limit_ms_ = choice.limit_ms();
      result = DialPath(found, count);
      if (result == 0) {
        choice.Up(connect_us_);
        break;
      }
      if (!failure || !choice.GoesOnAfter(failure)) {
        break;
      }
      Disconnect(fd, session_.settings().cookie);
    }
    surroundings_.set_doubt(nullptr);
    return result;
  }

 private:
  // Looks the destination up, and asks the rules again. 0 or -errno.
  int LookUp(Addresses* found, size_t* count) {
    const Endpoint& destination = plan_.destination();
    *count = surroundings_.Resolve(destination.name(), *found);
    if (*count == 0) {
      return Fail({.cause = base::Cause::kNoSuchName});
    }
    *count = DecideAt(session_.config(), destination, program_.exe(),
                      std::span(*found).first(*count), &decision);
    route_ = decision.route;
    return route_.kind == config::RouteKind::kReject ? Fail({.cause = base::Cause::kRejected}) : 0;
  }

  // Dials through the hops of `path`. `found` are the destination's addresses, as far as they are
  // known.
  int DialPath(Addresses found, size_t count) {
    const config::Config& config = session_.config();
    const Endpoint& destination = plan_.destination();
    Addresses hop;
    const bool by_relay = path.NeedsRelay(config);
    const size_t hop_count = by_relay ? 0 : FirstHopAddresses(&hop);
    if (hop_count == 0 && !by_relay) {
      base::Failure unknown{.cause = base::Cause::kNoSuchName};
      unknown.set_detail("the proxy's own name");
      return Fail(unknown);
    }
    const std::span<const IpAddress> hops(hop.data(), hop_count);
    const uint16_t port = path.At(config, 0).port;
    if (plan_.address_count == 0 && config.DnsOf(route_) == config::Dns::kRemote) {
      return Dial(destination, hops, port);
    }
    const auto addresses = std::span(found).first(KeepSayable(std::span(found).first(count)));
    for (size_t i = 0;; ++i) {
      const int result = Dial({addresses[i], destination.port()}, hops, port);
      if (i + 1 == addresses.size() || !IsOutOfReach()) {
        return result;
      }
      Disconnect(fd, session_.settings().cookie);
      failure = {};
    }
  }

  // Drops the addresses that the last hop can't be told; but leaves one, for it to fail.
  size_t KeepSayable(std::span<IpAddress> addresses) const {
    const config::Config& config = session_.config();
    if (!config::TakesOnlyV4(path.At(config, path.size() - 1).type)) {
      return addresses.size();
    }
    size_t kept = 0;
    for (const IpAddress& address : addresses) {
      if (address.is_v4()) {
        addresses[kept++] = address;
      }
    }
    return kept > 0 ? kept : 1;
  }

  // The last hop couldn't reach the address: another one of the name may do.
  bool IsOutOfReach() const {
    // RFC 1928 §6: "Address type not supported", of a proxy without IPv6.
    constexpr uint16_t kAddressType = 8;
    if (size_t{failure.hop} + 1 != path.size() ||
        (failure.speaker != base::Failure::Speaker::kTarget && failure.code != kAddressType)) {
      return false;
    }
    return failure.cause == base::Cause::kRefused ||
           failure.cause == base::Cause::kHostUnreachable ||
           failure.cause == base::Cause::kNetUnreachable;
  }

  int Dial(const Endpoint& target, std::span<const IpAddress> first, uint16_t port) {
    if (path.NeedsRelay(session_.config())) {
      return DialByRelay(target);
    }
    chain::Dial dial(session_.config(), path, target);
    dial.ShareLogins(session_.logins());
    return RunDial(dial, first, port);
  }

  // This socket's own connection is one to the relay, which dials the path. Where it is gone,
  // another one may be started, once.
  int DialByRelay(const Endpoint& target) {
    uint64_t gone = 0;
    for (bool again = false;; again = true) {
      auto relay = session_.relay().Find();
      if (!relay || relay->version == gone) {
        base::Failure why;
        relay.emplace();
        if (!surroundings_.StartRelay(gone, &*relay, &why)) {
          return Fail(why);
        }
      }
      chain::Dial dial(session_.config(), path, target);
      dial.GoThroughRelay(relay->access);
      actual = {};
      const int result = RunDial(dial, RelayAddresses(relay->access), relay->access.port);
      if (dial.state() != chain::Dial::State::kFailed) {
        connect_us_ = dial.relay_connect_ms() * 1000;
        return result;
      }
      if (actual.port() == 0) {
        failure = {.cause = base::Cause::kRelay, .code = static_cast<uint16_t>(-result)};
        failure.set_detail("no connection to it");
      }
      const bool is_gone =
          failure.cause == base::Cause::kRelay && failure.code == ECONNREFUSED && !again;
      if (!is_gone) {
        return -ToErrno(failure);
      }
      Disconnect(fd, session_.settings().cookie);
      gone = relay->version;
      failure = {};
    }
  }

  // The first is the one that `fd` reaches without a change to its options.
  std::span<const IpAddress> RelayAddresses(const protocol::RelayAccess& access) {
    static constexpr uint8_t kLoopbackV6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const IpAddress v6 = IpAddress::V6Bytes(kLoopbackV6);
    relay_addresses_.fill(IpAddress::V4(INADDR_LOOPBACK));
    if (access.has_v6) {
      relay_addresses_[domain == AF_INET6 ? 0 : 1] = v6;
    }
    return std::span(relay_addresses_).first(access.has_v6 ? 2 : 1);
  }

  int RunDial(chain::Dial& dial, std::span<const IpAddress> first, uint16_t port) {
    dial.LimitTo(limit_ms_, limit_ms_ == deadline_ms_ ? "chain_timeout" : "");
    int result = ConnectFirst(first, port, dial);
    while (result == 0) {
      result = Handshakes(dial);
      if (dial.state() != chain::Dial::State::kReconnect) {
        break;
      }
      Disconnect(fd, session_.settings().cookie);
      dial.Restart();
      result = ConnectFirst(first, port, dial);
    }
    if (dial.state() == chain::Dial::State::kFailed) {
      return Fail(dial.failure());
    }
    // Only the relay's dials stop at other states: never take one for a connection.
    return result == 0 && dial.state() != chain::Dial::State::kDone ? -EACCES : result;
  }

  static base::Failure Lost() {
    base::Failure out{.cause = base::Cause::kTimedOut};
    out.set_detail("found down by another connection");
    return out;
  }

  int Fail(const base::Failure& why) {
    failure = why;
    return -ToErrno(failure);
  }

  size_t FirstHopAddresses(Addresses* out) {
    if (const size_t known = KnownHopAddresses(session_, path[0], out); known > 0) {
      return known;
    }
    const config::Config& config = session_.config();
    const size_t count = surroundings_.Resolve(config.text(path.At(config, 0).host), *out);
    session_.SetHopAddresses(path[0], std::span<const IpAddress>(*out).first(count));
    return count;
  }

  // Tries the addresses in turn within the first hop's time.
  int ConnectFirst(std::span<const IpAddress> addresses, uint16_t port, chain::Dial& dial) {
    dial.Start(base::NowMs());
    int result = -EAFNOSUPPORT;
    connect_us_ = 0;
    for (int round = 0; round < 2; ++round) {
      for (const IpAddress& address : addresses) {
        sockaddr_storage storage;
        const socklen_t length = Reachable(fd, domain, address, port, &storage);
        if (length == 0) {
          continue;
        }
        const int64_t start_us = base::NowUs();
        result = surroundings_.Connect(fd, reinterpret_cast<const sockaddr*>(&storage), length,
                                       dial.deadline_ms());
        if (result == 0) {
          const int64_t now_us = base::NowUs();
          actual = Endpoint(address, port);
          connect_us_ = static_cast<uint32_t>(now_us - start_us);
          dial.Connected(0, now_us / 1000);
          return 0;
        }
        Disconnect(fd, session_.settings().cookie);
        if (result == -EINTR || result == -ECANCELED) {
          return result;
        }
        if (result == -ECONNABORTED) {
          dial.Fail(Lost());
          return result;
        }
      }
      if (result != -EAFNOSUPPORT || addresses.empty()) {
        break;
      }
      // No address is of the socket's family: only another socket can get there.
      domain = domain == AF_INET ? AF_INET6 : AF_INET;
      const int replaced = surroundings_.Replace(fd, domain);
      if (replaced < 0) {
        result = replaced;
        break;
      }
      fd = replaced;
    }
    if (result == -ETIMEDOUT && base::NowMs() >= dial.deadline_ms()) {
      dial.TimeOut();
    } else {
      dial.Connected(-result, base::NowMs());
    }
    return result;
  }

  int Handshakes(chain::Dial& dial) {
    using State = chain::Dial::State;
    while (dial.state() == State::kWantRead || dial.state() == State::kWantWrite) {
      const State state = dial.Advance(fd, base::NowMs());
      if (state != State::kWantRead && state != State::kWantWrite) {
        break;
      }
      const short events = state == State::kWantRead ? POLLIN : POLLOUT;
      switch (surroundings_.Wait(fd, events, dial.deadline_ms())) {
        case Surroundings::Waited::kReady:
          break;
        case Surroundings::Waited::kTimedOut:
          dial.TimeOut();
          break;
        case Surroundings::Waited::kInterrupted:
          return -EINTR;
        case Surroundings::Waited::kAbandoned:
          return -ECANCELED;
        case Surroundings::Waited::kProgramTimedOut:
          dial.Fail(base::FromConnectErrno(EINPROGRESS));
          break;
        case Surroundings::Waited::kLost:
          dial.Fail(Lost());
          break;
      }
    }
    return 0;
  }

  Session& session_;
  const Plan& plan_;
  Program& program_;
  Surroundings& surroundings_;
  config::Route route_;
  int64_t deadline_ms_ = INT64_MAX;  // of all dials through hops together
  int64_t limit_ms_ = INT64_MAX;     // of the one at work
  uint32_t connect_us_ = 0;          // the last connect to a first hop
  std::array<IpAddress, 2> relay_addresses_;
};

int Connector::Run(int fd, int domain, const Plan& plan, Surroundings& surroundings) {
  Event event{.kind = EventKind::kReject,
              .door = door_,
              .pid = 0,
              .exe = {},
              .target = plan.target,
              .rewritten = plan.rewritten,
              .decision = plan.decision,
              .path = {},
              .failure = {.cause = base::Cause::kRejected},
              .connect_ms = 0};
  const EventLog log(session_.settings(), &session_.config());
  const auto write = [&](EventKind kind) {
    event.kind = kind;
    if (log.Writes(kind)) {
      event.pid = program_.pid();
      event.exe = program_.exe();
      log.Write(event);
    }
  };
  if (const int result = NotConnectable(fd); result != 0) {
    return result;
  }
  if (plan.decision.route.kind == config::RouteKind::kReject) {
    write(EventKind::kReject);
    return -ToErrno(event.failure);
  }
  const int64_t start_us = base::NowUs();
  Attempt attempt(session_, plan, program_, surroundings);
  attempt.fd = fd;
  attempt.domain = domain;
  const int result = attempt.Run(start_us / 1000);
  event.decision = attempt.decision;
  event.path = attempt.path;
  event.connect_ms = (base::NowUs() - start_us + 500) / 1000;
  if (result == 0) {
    session_.peers().Put(Inode(attempt.fd), attempt.actual, plan.asked);
    write(EventKind::kConnect);
    return 0;
  }
  Disconnect(attempt.fd, session_.settings().cookie);
  if (attempt.failure) {
    event.failure = attempt.failure;
    write(attempt.failure.cause == base::Cause::kRejected ? EventKind::kReject : EventKind::kFail);
  }
  return result;
}

}  // namespace engine
