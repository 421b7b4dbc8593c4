#include "engine/attempt.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "base/syscalls.h"

namespace engine {
namespace {

// RFC 8305 §5, the delay between attempts. There the attempts go on side by side; this socket can
// only make one at a time, so an address that was slow is tried again, with twice the time.
constexpr int64_t kFirstMomentMs = 250;

using base::Endpoint;
using base::IpAddress;

int IntOption(int fd, int level, int name, int otherwise) {
  int value = otherwise;
  socklen_t length = sizeof value;
  return sys::Getsockopt(fd, level, name, &value, &length) == 0 ? value : otherwise;
}

bool ReadTcpInfo(int fd, tcp_info* out) {
  socklen_t length = sizeof *out;
  return sys::Getsockopt(fd, IPPROTO_TCP, TCP_INFO, out, &length) == 0;
}

bool HasUnacknowledged(int fd) {
  tcp_info info;
  return ReadTcpInfo(fd, &info) && info.tcpi_unacked > 0;
}

uint64_t Inode(int fd) {
  struct stat status;
  return sys::Fstat(fd, &status) == 0 ? status.st_ino : 0;
}

// What connect(2) says of a stream socket that isn't fresh: 0, or -errno.
int NotConnectable(int fd) {
  tcp_info info;
  if (!ReadTcpInfo(fd, &info)) {
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

// RFC 8305 §4: the families take turns, beginning with that of the first address.
void Interleave(std::span<IpAddress> addresses) {
  for (size_t at = 1; at < addresses.size(); ++at) {
    const bool wants_v4 = !addresses[at - 1].is_v4();
    const auto next =
        std::find_if(addresses.begin() + static_cast<std::ptrdiff_t>(at), addresses.end(),
                     [&](const IpAddress& address) { return address.is_v4() == wants_v4; });
    if (next != addresses.end()) {
      std::rotate(addresses.begin() + static_cast<std::ptrdiff_t>(at), next, next + 1);
    }
  }
}

base::Failure Lost() {
  base::Failure out{.cause = base::Cause::kTimedOut};
  out.set_detail("found down by another connection");
  return out;
}

}  // namespace

void Disconnect(int fd, uint64_t cookie) {
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  sys::PassingConnect(fd, &none, sizeof none, cookie);
}

void ClearError(int fd) { (void)sys::PendingError(fd); }

Attempt::Attempt(Session& session, Door door, Program& program, Means& means, const Plan& plan,
                 int fd, int domain)
    : session_(session),
      door_(door),
      program_(program),
      means_(means),
      plan_(plan),
      fd_(fd),
      domain_(domain),
      decision_(plan.decision),
      route_(plan.decision.route) {}

void Attempt::Begin() {
  result_ = NotConnectable(fd_);
  if (result_ != 0) {
    return;
  }
  if (route_.kind == config::RouteKind::kReject) {
    result_ = Fail({.cause = base::Cause::kRejected});
    Log(EventKind::kReject);
    return;
  }
  start_us_ = base::NowUs();
  Go(Step::kLookUp);
}

void Attempt::Go(Step step) {
  while (step != Step::kWait) {
    step = Do(step);
  }
}

Attempt::Step Attempt::Do(Step step) {
  switch (step) {
    case Step::kLookUp:
      return LookUp();
    case Step::kNextPath:
      return NextPath();
    case Step::kDialTarget:
      return DialTarget();
    case Step::kFindRelay:
      return FindRelay();
    case Step::kTakeReady:
      return TakeReady();
    case Step::kConnectFirst:
      return ConnectFirst();
    case Step::kConnectNext:
      return ConnectNext();
    case Step::kReplace:
      return Replace();
    case Step::kShake:
      return Shake();
    case Step::kDialOver:
      return DialOver();
    case Step::kTargetOver:
      return TargetOver();
    case Step::kPathOver:
      return PathOver();
    case Step::kFinish:
      return Finish();
    case Step::kWait:
      break;
  }
  return Step::kWait;
}

Attempt::Step Attempt::End(Step step, int result) {
  result_ = result;
  return step;
}

int Attempt::Fail(const base::Failure& why) {
  failure_ = why;
  return -ToErrno(failure_);
}

void Attempt::Disconnect() { engine::Disconnect(fd_, session_.settings().cookie); }

// Where the destination has to be looked up the rules are asked again, about its addresses.
Attempt::Step Attempt::LookUp() {
  const Endpoint& destination = plan_.destination();
  found_ = plan_.addresses;
  found_count_ = plan_.address_count;
  if (plan_.resolve_here) {
    const int64_t limit_ms = start_us_ / 1000 + session_.config().globals().chain_timeout_ms;
    const int found = means_.Resolve(destination.name(), found_, limit_ms, nullptr);
    if (found <= 0) {
      return FailToLookUp(Step::kFinish, found, {});
    }
    found_count_ = static_cast<size_t>(found);
    found_count_ = DecideAt(session_.config(), destination, program_.exe(),
                            std::span(found_).first(found_count_), &decision_);
    Interleave(std::span(found_).first(found_count_));
    route_ = decision_.route;
    if (route_.kind == config::RouteKind::kReject) {
      return End(Step::kFinish, Fail({.cause = base::Cause::kRejected}));
    }
  }
  if (route_.kind == config::RouteKind::kDirect) {
    targets_ = firsts_ = found_;
    target_count_ = first_count_ = found_count_;
    first_port_ = destination.port();
    return Step::kDialTarget;
  }
  deadline_ms_ = start_us_ / 1000 + session_.config().globals().chain_timeout_ms;
  choice_.emplace(session_, route_, deadline_ms_);
  result_ = -EHOSTUNREACH;
  return Step::kNextPath;
}

Attempt::Step Attempt::NextPath() {
  if (!choice_->Next(&path_)) {
    return Step::kFinish;
  }
  const config::Config& config = session_.config();
  failure_ = {};
  connect_us_ = 0;
  hop_start_ms_ = 0;
  limit_ms_ = choice_->limit_ms();
  if (!by_relay()) {
    const int count = FirstHopAddresses(&firsts_);
    if (count <= 0) {
      return FailToLookUp(Step::kPathOver, count, "the proxy's own name");
    }
    first_count_ = static_cast<size_t>(count);
    first_port_ = path_.At(config, 0).port;
  }
  target_at_ = 0;
  if (plan_.address_count == 0 && config.DnsOf(route_) == config::Dns::kRemote) {
    target_count_ = 0;
  } else {
    targets_ = found_;
    target_count_ = KeepSayable(std::span(targets_).first(found_count_));
  }
  return Step::kDialTarget;
}

// To look the hop's name up takes of its time. As Means::Resolve().
int Attempt::FirstHopAddresses(Addresses* out) {
  if (const size_t known = KnownHopAddresses(session_, path_[0], out); known > 0) {
    return static_cast<int>(known);
  }
  const config::Config& config = session_.config();
  hop_start_ms_ = base::NowMs();
  const int64_t deadline_ms =
      std::min(hop_start_ms_ + config.globals().connect_timeout_ms, limit_ms_);
  const int count =
      means_.Resolve(config.text(path_.At(config, 0).host), *out, deadline_ms, doubt());
  if (count > 0) {
    const auto found = std::span(*out).first(static_cast<size_t>(count));
    Interleave(found);
    session_.SetHopAddresses(path_[0], found);
  }
  return count;
}

Attempt::Step Attempt::FailToLookUp(Step next, int result, std::string_view what) {
  if (result == -EINTR || result == -ECANCELED) {
    return End(next, result);
  }
  return End(next, Fail(result == -ECONNABORTED ? Lost() : base::FromLookup(result, what)));
}

// Drops the addresses that the last hop can't be told; but leaves one, for it to fail.
size_t Attempt::KeepSayable(std::span<IpAddress> addresses) const {
  const config::Config& config = session_.config();
  if (!config::TakesOnlyV4(path_.At(config, path_.size() - 1).type)) {
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

Attempt::Step Attempt::DialTarget() {
  gone_relay_ = 0;
  if (by_relay()) {
    return Step::kFindRelay;
  }
  const Endpoint& destination = plan_.destination();
  dial_.emplace(session_.config(), path_,
                by_name() ? destination : Endpoint(targets_[target_at_], destination.port()));
  dial_->ShareLogins(session_.logins());
  dial_->ShareFlights(session_.flights());
  return choice_ ? Step::kTakeReady : Step::kConnectFirst;
}

// This socket's own connection is one to the relay, which dials the path. Where it is gone, another
// one may be started, once.
Attempt::Step Attempt::FindRelay() {
  relay_ = session_.relay().Find();
  if (!relay_ || relay_->version == gone_relay_) {
    base::Failure why;
    relay_.emplace();
    if (!means_.StartRelay(gone_relay_, &*relay_, &why)) {
      return End(Step::kTargetOver, Fail(why));
    }
  }
  const Endpoint& destination = plan_.destination();
  dial_.emplace(session_.config(), path_,
                by_name() ? destination : Endpoint(targets_[target_at_], destination.port()));
  dial_->GoThroughRelay(relay_->access);
  actual_ = {};
  UseRelayAddresses();
  return Step::kConnectFirst;
}

// The first is the one that the socket reaches without a change to its options.
void Attempt::UseRelayAddresses() {
  static constexpr uint8_t kLoopbackV6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const protocol::RelayAccess& access = relay_->access;
  firsts_[0] = firsts_[1] = IpAddress::V4(INADDR_LOOPBACK);
  if (access.has_v6) {
    firsts_[domain_ == AF_INET6 ? 0 : 1] = IpAddress::V6Bytes(kLoopbackV6);
  }
  first_count_ = access.has_v6 ? 2 : 1;
  first_port_ = access.port;
}

int64_t Attempt::deadline_ms() const {
  const int64_t deadline_ms = dial_ ? dial_->deadline_ms() : INT64_MAX;
  return want_ == Want::kConnect ? std::min(deadline_ms, moment_ends_ms_) : deadline_ms;
}

void Attempt::StartDial() {
  dial_->LimitTo(limit_ms_, limit_ms_ == deadline_ms_ ? "chain_timeout" : "");
  dial_->Start(hop_start_ms_ != 0 ? hop_start_ms_ : base::NowMs());
  hop_start_ms_ = 0;
}

// Where somebody has connected to the first hop already, that much is done. A connection that turns
// out to be none any more has the dial ask for a fresh one (kReconnect). After a failure only a
// fresh one tells how the hop is.
Attempt::Step Attempt::TakeReady() {
  const config::Proxy& proxy = path_.At(session_.config(), 0);
  if (proxy.pool == 0 || path_failed_ ||
      !session_.ready().MayAsk(path_[0], proxy.pool_at_once, base::NowMs())) {
    return Step::kConnectFirst;
  }
  Means::ReadyHop ready;
  const int taken = means_.TakeReady(fd_, domain_, path_[0], &ready);
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  if (taken < 0) {
    return Step::kConnectFirst;
  }
  fd_ = taken;
  ++replacements_;
  auto* const address = reinterpret_cast<sockaddr*>(&peer);
  const bool is_connected =
      sys::PassingGetpeername(fd_, address, &length, session_.settings().cookie) == 0;
  const auto actual = base::Endpoint::FromSockaddr(address, is_connected ? length : 0);
  if (!actual) {
    Disconnect();
    return Step::kConnectFirst;
  }
  actual_ = *actual;
  StartDial();
  dial_->ConnectedBefore(ready.greeted, base::NowMs());
  return Step::kShake;
}

// Tries the addresses in turn within the first hop's time.
Attempt::Step Attempt::ConnectFirst() {
  StartDial();
  first_total_ = first_count_;
  first_at_ = 0;
  moment_ms_ = kFirstMomentMs;
  slow_count_ = 0;
  connect_failed_ = false;
  replaced_ = false;
  connect_error_ = -EAFNOSUPPORT;
  connect_us_ = 0;
  return Step::kConnectNext;
}

Attempt::Step Attempt::ConnectNext() {
  for (; first_at_ < first_count_; ++first_at_) {
    address_length_ = Reachable(fd_, domain_, firsts_[first_at_], first_port_, &address_);
    if (address_length_ != 0) {
      connect_start_us_ = base::NowUs();
      moment_ends_ms_ = first_count_ > 1 ? connect_start_us_ / 1000 + moment_ms_ : INT64_MAX;
      want_ = Want::kConnect;
      return Step::kWait;
    }
  }
  if (slow_count_ > 0) {
    return ConnectAgain();
  }
  return connect_error_ == -EAFNOSUPPORT && first_count_ > 0 && !replaced_ ? Step::kReplace
                                                                           : FailToConnect();
}

// The addresses that were slow stand at the front; the last one left has all the time there is.
Attempt::Step Attempt::ConnectAgain() {
  first_count_ = slow_count_;
  slow_count_ = 0;
  first_at_ = 0;
  moment_ms_ *= 2;
  return Step::kConnectNext;
}

// No address is of the socket's family: only another socket can get there.
Attempt::Step Attempt::Replace() {
  domain_ = domain_ == AF_INET ? AF_INET6 : AF_INET;
  const int replacement = means_.Replace(fd_, domain_);
  if (replacement < 0) {
    connect_error_ = replacement;
    return FailToConnect();
  }
  fd_ = replacement;
  replaced_ = true;
  ++replacements_;
  first_at_ = 0;
  return Step::kConnectNext;
}

void Attempt::Connected(int result) {
  const int64_t now_us = base::NowUs();
  if (result == 0) {
    actual_ = Endpoint(firsts_[first_at_], first_port_);
    connect_us_ =
        static_cast<uint32_t>(now_us > connect_start_us_ ? now_us - connect_start_us_ : 1);
    if (connect_failed_ && choice_ && !by_relay()) {
      // The next dials of the tree begin with the one that answered.
      std::swap(firsts_[0], firsts_[first_at_]);
      session_.SetHopAddresses(path_[0], std::span<const IpAddress>(firsts_).first(first_total_));
    }
    dial_->Connected(0, now_us / 1000);
    Go(Step::kShake);
    return;
  }
  Disconnect();
  if (result == -EINTR || result == -ECANCELED) {
    Go(End(Step::kDialOver, result));
  } else if (result == -ECONNABORTED) {
    dial_->Fail(Lost());
    Go(End(Step::kDialOver, result));
  } else {
    const int64_t now_ms = now_us / 1000;
    if (result == -ETIMEDOUT && now_ms >= moment_ends_ms_ && now_ms < dial_->deadline_ms()) {
      std::swap(firsts_[slow_count_++], firsts_[first_at_]);
    }
    connect_error_ = result;
    connect_failed_ = true;
    ++first_at_;
    Go(Step::kConnectNext);
  }
}

Attempt::Step Attempt::FailToConnect() {
  const int64_t now_ms = base::NowMs();
  if (connect_error_ == -ETIMEDOUT && now_ms >= dial_->deadline_ms()) {
    dial_->TimeOut();
  } else {
    dial_->Connected(-connect_error_, now_ms);
  }
  return End(Step::kDialOver, connect_error_);
}

Attempt::Step Attempt::Shake() {
  switch (dial_->Advance(fd_, base::NowMs())) {
    case chain::Dial::State::kWantRead:
      want_ = Want::kRead;
      return Step::kWait;
    case chain::Dial::State::kWantWrite:
      want_ = Want::kWrite;
      return Step::kWait;
    case chain::Dial::State::kReconnect:
      Disconnect();
      dial_->Restart();
      return Step::kConnectFirst;
    case chain::Dial::State::kDone:
    case chain::Dial::State::kFailed:
    // Only the relay's dials stop at these.
    case chain::Dial::State::kConnect:
    case chain::Dial::State::kWantTls:
    case chain::Dial::State::kWantToken:
    case chain::Dial::State::kWantSsh:
      break;
  }
  return End(Step::kDialOver, 0);
}

void Attempt::Waited(Surroundings::Waited waited) {
  switch (waited) {
    case Surroundings::Waited::kReady:
      Go(Step::kShake);
      return;
    case Surroundings::Waited::kTimedOut:
      // A flight that was lost is no failure: it goes on over a fresh connection.
      dial_->TimeOut();
      Go(Step::kShake);
      return;
    case Surroundings::Waited::kInterrupted:
      Go(End(Step::kDialOver, -EINTR));
      return;
    case Surroundings::Waited::kAbandoned:
      Go(End(Step::kDialOver, -ECANCELED));
      return;
    case Surroundings::Waited::kProgramTimedOut:
      dial_->Fail(base::FromConnectErrno(EINPROGRESS));
      break;
    case Surroundings::Waited::kLost:
      dial_->Fail(Lost());
      break;
  }
  Go(End(Step::kDialOver, 0));
}

Attempt::Step Attempt::DialOver() {
  if (dial_->state() == chain::Dial::State::kFailed) {
    base::Failure failure = dial_->failure();
    if (failure.cause == base::Cause::kTimedOut && !by_relay() && HasUnacknowledged(fd_)) {
      // Not even the first hop's machine has heard of it: one that has gone since it was connected
      // to is none that waits for what is behind it.
      failure = base::FromConnectErrno(ETIMEDOUT);
    }
    result_ = Fail(failure);
  } else if (result_ == 0 && dial_->state() != chain::Dial::State::kDone) {
    result_ = -EACCES;  // never take one for a connection that isn't
  }
  return by_relay() ? RelayDialOver() : Step::kTargetOver;
}

Attempt::Step Attempt::RelayDialOver() {
  connect_us_ = dial_->relay_connect_us();
  if (dial_->state() != chain::Dial::State::kFailed) {
    return Step::kTargetOver;
  }
  if (actual_.port() == 0) {
    failure_ = {.cause = base::Cause::kRelay, .code = static_cast<uint16_t>(-result_)};
    failure_.set_detail("no connection to it");
  }
  if (failure_.cause == base::Cause::kRelay && failure_.code == ECONNREFUSED && gone_relay_ == 0) {
    Disconnect();
    gone_relay_ = relay_->version;
    failure_ = {};
    return Step::kFindRelay;
  }
  return End(Step::kTargetOver, -ToErrno(failure_));
}

// The last hop couldn't reach the address: another one of the name may do.
bool Attempt::IsOutOfReach() const {
  // RFC 1928 §6: "Address type not supported", of a proxy without IPv6.
  constexpr uint16_t kAddressType = 8;
  if (size_t{failure_.hop} + 1 != path_.size() ||
      (failure_.speaker != base::Failure::Speaker::kTarget && failure_.code != kAddressType)) {
    return false;
  }
  return failure_.cause == base::Cause::kRefused ||
         failure_.cause == base::Cause::kHostUnreachable ||
         failure_.cause == base::Cause::kNetUnreachable;
}

Attempt::Step Attempt::TargetOver() {
  if (!choice_) {
    return Step::kFinish;
  }
  if (target_at_ + 1 < target_count_ && IsOutOfReach()) {
    Disconnect();
    failure_ = {};
    ++target_at_;
    return Step::kDialTarget;
  }
  return Step::kPathOver;
}

Attempt::Step Attempt::PathOver() {
  choice_->Connected(connect_us_);
  if (result_ == 0) {
    choice_->Up();
    return Step::kFinish;
  }
  if (!failure_ || !choice_->GoesOnAfter(failure_)) {
    return Step::kFinish;
  }
  Disconnect();
  path_failed_ = true;
  return Step::kNextPath;
}

Attempt::Step Attempt::Finish() {
  choice_.reset();
  dial_.reset();
  want_ = Want::kNothing;
  if (result_ == 0) {
    if (!plan_.asked.is_name()) {
      session_.peers().Put(Inode(fd_), actual_, plan_.asked);
    }
    Log(EventKind::kConnect);
    return Step::kWait;
  }
  Disconnect();
  if (failure_) {
    Log(failure_.cause == base::Cause::kRejected ? EventKind::kReject : EventKind::kFail);
  }
  return Step::kWait;
}

void Attempt::Log(EventKind kind) {
  const EventLog log(session_.settings(), &session_.config());
  if (!log.Writes(kind)) {
    return;
  }
  log.Write({.kind = kind,
             .door = door_,
             .pid = program_.pid(),
             .exe = program_.exe(),
             .target = plan_.target,
             .rewritten = plan_.rewritten,
             .decision = decision_,
             .path = path_,
             .failure = failure_,
             .connect_ms = start_us_ != 0 ? (base::NowUs() - start_us_ + 500) / 1000 : 0});
}

}  // namespace engine
