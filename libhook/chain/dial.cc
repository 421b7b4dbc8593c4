#include "chain/dial.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "chain/freshness.h"

namespace chain {
namespace {

// The relay's own time-outs come first, and name the hop.
constexpr int64_t kRelaySlackMs = 2000;
// So that they do where the dial's own limit is near, too.
constexpr int64_t kRelayHaste = 100;

// Where hop `index + 1`, or at the end of the chain the target, is to be found. None where the
// proxy's host is no name that anybody could look up.
std::optional<base::Endpoint> NextStop(const config::Config& config, const Path& path, size_t index,
                                       const base::Endpoint& target) {
  if (index + 1 >= path.size()) {
    return target;
  }
  const config::Proxy& next = path.At(config, index + 1);
  const std::string_view host = config.text(next.host);
  if (const auto address = base::IpAddress::Parse(host)) {
    return base::Endpoint(*address, next.port);
  }
  const bool only_v4 = config::TakesOnlyV4(path.At(config, index).type);
  for (const config::HostAddress& known : config.HostAddresses(host)) {
    if (known.address.is_v4() || !only_v4) {
      return base::Endpoint(known.address, next.port);
    }
  }
  return base::Endpoint::FromName(host, next.port);
}

}  // namespace

Dial::Dial(const config::Config& config, const Path& path, const base::Endpoint& target)
    : config_(&config), path_(path), target_(target), pipelining_(config, path) {}

bool Dial::TryFlights(FlightTable& table) {
  pipelining_.Share(table, true);
  return pipelining_.BeginTrial(Logins());
}

void Dial::Start(int64_t now_ms) {
  int64_t time_ms = config_->globals().connect_timeout_ms;
  if (relay_ != nullptr) {
    relay_budget_ms_ = RelayBudgetMs(now_ms);
    time_ms = int64_t{relay_budget_ms_} + kRelaySlackMs;
  }
  deadline_ms_ = std::min(now_ms + time_ms, limit_ms_);
}

uint32_t Dial::RelayBudgetMs(int64_t now_ms) const {
  const int64_t budget_ms =
      static_cast<int64_t>(path_.size()) * config_->globals().connect_timeout_ms;
  const int64_t left_ms = limit_ms_ - now_ms - kRelayHaste;
  return static_cast<uint32_t>(std::clamp<int64_t>(std::min(budget_ms, left_ms), 1, UINT32_MAX));
}

void Dial::Connected(int error, int64_t /*now_ms*/) {
  if (error != 0) {
    Fail(base::FromConnectErrno(error));
    return;
  }
  if (path_.empty()) {
    state_ = State::kDone;
    return;
  }
  if (relay_ != nullptr) {
    AskRelay();
  } else {
    EnterHop();
  }
}

void Dial::ConnectedBefore(protocol::Socks5Method greeted, int64_t now_ms) {
  is_ready_ = true;
  greeted_ = greeted;
  Connected(0, now_ms);
}

bool Dial::StartAtSsh(int64_t now_ms) {
  for (size_t i = path_.size(); i-- > 0;) {
    if (path_.At(*config_, i).type == config::ProxyType::kSsh) {
      hop_ = static_cast<uint8_t>(i);
      Start(now_ms);
      EnterHop();
      return true;
    }
  }
  return false;
}

void Dial::TlsUp() { AskForToken(); }

void Dial::SetNegotiateToken(std::string_view text) {
  negotiate_token_ = text;
  StartHandshake();
}

void Dial::SshUp(int64_t now_ms) { FinishHop(now_ms); }

Dial::State Dial::Advance(int fd, int64_t now_ms) {
  SocketStream stream(fd);
  return Advance(stream, now_ms);
}

Dial::State Dial::Advance(Stream& stream, int64_t now_ms) {
  while (state_ == State::kWantRead || state_ == State::kWantWrite) {
    bool moved = false;
    if (!flight_.is_sent()) {
      state_ = State::kWantWrite;
      if (!SendFlight(stream, now_ms)) {
        break;
      }
      continue;
    }
    switch (handshake_->step()) {
      case protocol::Step::kSend:
        state_ = State::kWantWrite;
        moved = SendSome(stream, now_ms);
        break;
      case protocol::Step::kReceive:
        // Right behind a request there is no answer yet: to look would be a call in vain.
        moved = state_ == State::kWantRead && ReceiveSome(stream, now_ms);
        if (state_ == State::kWantWrite) {
          state_ = State::kWantRead;
        }
        break;
      case protocol::Step::kReconnect:
        AskToReconnect();
        break;
      case protocol::Step::kDone:
        EndHandshake(now_ms);
        FinishHop(now_ms);
        moved = true;
        break;
      case protocol::Step::kFailed:
        EndHandshake(now_ms);
        FailAt(handshake_->relay() != nullptr ? handshake_->failure().hop : hop_,
               handshake_->failure());
        break;
    }
    if (!moved) {
      break;
    }
  }
  return state_;
}

void Dial::TimeOut() {
  if (pipelining_.deadline_ms() < deadline_ms_ &&
      pipelining_.TriesAgain(hop_, Pipelining::Loss::kSilent)) {
    state_ = State::kReconnect;
    return;
  }
  base::Failure failure;
  failure.cause = base::Cause::kTimedOut;
  if (deadline_ms_ == limit_ms_) {
    failure.set_detail(limit_name_);
  } else if (relay_ != nullptr) {
    // Its own time-outs name the hop, and come first.
    failure = {.cause = base::Cause::kRelay, .code = ETIMEDOUT};
    failure.set_detail("it does not answer");
  }
  FailInSilence(failure, handshake_ && handshake_->awaits_answer());
}

void Dial::Fail(const base::Failure& failure) { FailAt(hop_, failure); }

void Dial::FailAt(uint8_t hop, const base::Failure& failure) {
  if (is_ready_ && hop == 0 && failure.cause != base::Cause::kTimedOut) {
    // It waited longer than the hop did: a fresh one will tell how the hop is.
    pipelining_.Over();
    state_ = State::kReconnect;
    return;
  }
  // A hop that can't stand a flight may say so by anything but an answer.
  const bool is_no_answer =
      failure.cause == base::Cause::kClosedEarly || failure.cause == base::Cause::kNotTheProtocol;
  if (is_no_answer && pipelining_.TriesAgain(hop, Pipelining::Loss::kClosed)) {
    state_ = State::kReconnect;
    return;
  }
  failure_ = failure;
  failure_.hop = hop;
  state_ = State::kFailed;
}

void Dial::FailInSilence(const base::Failure& failure, bool awaits_answer) {
  Fail(failure);
  if (awaits_answer) {
    failure_.speaker = base::Failure::Speaker::kNobody;
  }
}

void Dial::AskRelay() {
  protocol::RelayRequest request;
  request.budget_ms = relay_budget_ms_;
  for (size_t i = 0; i < path_.size(); ++i) {
    request.hops[request.hop_count++] = path_[i];
  }
  request.target = target_;
  handshake_.emplace(request, *relay_);
  state_ = State::kWantWrite;
}

void Dial::EnterHop() {
  next_stop_ = NextStop(*config_, path_, hop_, target_);
  if (!next_stop_) {
    base::Failure failure;
    failure.cause = base::Cause::kHostUnreachable;
    failure.set_detail("the next proxy's host is not a name");
    Fail(failure);
    return;
  }
  switch (path_.At(*config_, hop_).type) {
    case config::ProxyType::kHttps:
      state_ = State::kWantTls;
      return;
    case config::ProxyType::kSsh:
      state_ = State::kWantSsh;
      return;
    case config::ProxyType::kSocks5:
    case config::ProxyType::kHttp:
    case config::ProxyType::kSocks4:
    case config::ProxyType::kSocks4a:
      AskForToken();
      return;
  }
}

void Dial::AskForToken() {
  negotiate_token_ = {};
  if (path_.At(*config_, hop_).auth == config::Auth::kNegotiate) {
    state_ = State::kWantToken;
  } else {
    StartHandshake();
  }
}

void Dial::StartHandshake() {
  if (hop_ >= flight_end_) {
    PackFlight();
  }
  MakeHandshake(hop_, *next_stop_, true);
  const bool is_packed = hop_ < flight_end_;
  if (is_packed) {
    handshake_->WasSentAhead(AheadOf(hop_));
  }
  state_ = is_packed && flight_.is_sent() ? State::kWantRead : State::kWantWrite;
}

void Dial::MakeHandshake(size_t hop, const base::Endpoint& next_stop, bool may_hear_challenges) {
  const config::Proxy& proxy = path_.At(*config_, hop);
  const protocol::HttpCredentials credentials{
      .user = config_->text(proxy.user),
      .password = config_->text(proxy.password),
      .workstation = config_->text(proxy.workstation),
      .auth = proxy.auth,
      .negotiate_token = negotiate_token_,
  };
  const bool is_http =
      proxy.type == config::ProxyType::kHttp || proxy.type == config::ProxyType::kHttps;
  const bool may_be_asked = is_http && proxy.auth != config::Auth::kNegotiate &&
                            !(credentials.user.empty() && credentials.password.empty());
  const bool is_packed = hop < flight_end_;
  protocol::HttpMemory known;
  if (may_be_asked && (!is_packed || IsLearnedAt(hop))) {
    known = KnownLogin(hop);
  } else if (may_be_asked && (with_password_ >> hop & 1) != 0) {
    // As it was packed, whatever others have learned since.
    known.challenge.scheme = protocol::HttpScheme::kBasic;
  }
  handshake_.emplace(proxy.type, next_stop, credentials, known,
                     may_be_asked && may_hear_challenges ? MakeFreshness() : protocol::Freshness{});
  if (WasGreeted(hop)) {
    handshake_->WasGreeted(greeted_);
  }
}

Dial::Login Dial::LoginTo(size_t hop) {
  const config::Proxy& proxy = path_.At(*config_, hop);
  if (proxy.user.size == 0 && proxy.password.size == 0) {
    return Login::kSettled;
  }
  if (proxy.auth == config::Auth::kBasic) {
    return Login::kSettled;
  }
  protocol::HttpScheme scheme = protocol::HttpScheme::kNone;
  if (IsLearnedAt(hop)) {
    scheme = learned_.challenge.scheme;
  } else if (logins_ != nullptr) {
    scheme = logins_->SchemeOf(path_[hop]);
  }
  switch (scheme) {
    case protocol::HttpScheme::kNone:
      return Login::kUnasked;
    case protocol::HttpScheme::kBasic:
      return Login::kSettled;
    case protocol::HttpScheme::kDigest:
    case protocol::HttpScheme::kNtlm:
    case protocol::HttpScheme::kNegotiate:
      break;
  }
  return Login::kOpen;
}

Pipelining::Logins Dial::Logins() {
  Pipelining::Logins out;
  for (size_t hop = 0; hop < path_.size(); ++hop) {
    if (path_.At(*config_, hop).type != config::ProxyType::kHttp) {
      continue;
    }
    const auto bit = static_cast<uint16_t>(1u << hop);
    const Login login = LoginTo(hop);
    out.unsettled |= login != Login::kSettled ? bit : uint16_t{0};
    out.open |= login == Login::kOpen ? bit : uint16_t{0};
  }
  return out;
}

void Dial::PackFlight() {
  flight_.Clear();
  with_password_ = 0;
  bool has_http = false;
  size_t end = hop_;
  for (bool goes_on = true;
       goes_on && end < path_.size() && (WasGreeted(end) || pipelining_.MaySayAll(end));) {
    const config::Proxy& proxy = path_.At(*config_, end);
    const bool is_http = proxy.type == config::ProxyType::kHttp;
    const bool is_socks5 = proxy.type == config::ProxyType::kSocks5;
    const Login login = is_http ? LoginTo(end) : Login::kSettled;
    // An HTTP proxy that refuses may keep its connection and read what follows as requests to
    // itself: another CONNECT there would be obeyed, past the hop that it was meant for.
    if (login == Login::kOpen || (is_http && has_http)) {
      break;
    }
    const auto next_stop = NextStop(*config_, path_, end, target_);
    if (!next_stop) {
      break;
    }
    const bool has_password = proxy.user.size > 0 || proxy.password.size > 0;
    const bool sends_it =
        has_password && (is_socks5 ? pipelining_.MethodOf(end) == protocol::Socks5Method::kPassword
                                   : login == Login::kSettled);
    const auto bit = static_cast<uint16_t>(sends_it ? 1u << end : 0u);
    with_password_ |= bit;
    flight_end_ = static_cast<uint8_t>(end + 1);
    MakeHandshake(end, *next_stop, false);
    const size_t size = handshake_->step() == protocol::Step::kSend
                            ? handshake_->WriteAhead(AheadOf(end), flight_.Room())
                            : 0;
    if (size == 0) {
      with_password_ = static_cast<uint16_t>(with_password_ & ~bit);
      break;
    }
    flight_.Add(size);
    ++end;
    has_http = has_http || is_http;
    goes_on = login == Login::kSettled && pipelining_.MayBeFollowed(end - 1);
  }
  flight_end_ = static_cast<uint8_t>(end);
  const bool is_one_message =
      end == size_t{hop_} + 1 &&
      (WasGreeted(hop_) || path_.At(*config_, hop_).type != config::ProxyType::kSocks5);
  if (is_one_message) {
    flight_end_ = hop_;
    flight_.Clear();
  }
}

protocol::Ahead Dial::AheadOf(size_t hop) const {
  const bool with_password = (with_password_ >> hop & 1) != 0;
  return {
      .method = with_password ? protocol::Socks5Method::kPassword : protocol::Socks5Method::kNone,
      .followed = hop + 1 < flight_end_};
}

void Dial::EndHandshake(int64_t now_ms) {
  pipelining_.Ended(hop_, *handshake_, now_ms);
  NoteLogin();
}

void Dial::FinishHop(int64_t now_ms) {
  if (relay_ != nullptr) {
    state_ = State::kDone;
    return;
  }
  if (size_t{hop_} + 1 == path_.size()) {
    pipelining_.Up(Logins());
    state_ = State::kDone;
    return;
  }
  ++hop_;
  Start(now_ms);
  EnterHop();
}

protocol::HttpMemory Dial::KnownLogin(size_t hop) {
  if (IsLearnedAt(hop)) {
    return learned_;
  }
  return logins_ != nullptr ? logins_->Recall(path_[hop]) : protocol::HttpMemory{};
}

void Dial::NoteLogin() {
  const protocol::HttpConnectClient* const http = handshake_->http();
  if (http == nullptr || logins_ == nullptr) {
    return;
  }
  switch (http->login().verdict()) {
    case protocol::HttpLogin::Verdict::kNothingNew:
      break;
    case protocol::HttpLogin::Verdict::kRemember:
      logins_->Remember(path_[hop_], http->login().memory());
      break;
    case protocol::HttpLogin::Verdict::kForget:
      logins_->Forget(path_[hop_]);
      break;
  }
}

void Dial::AskToReconnect() {
  if (handshake_->socks5() != nullptr) {
    pipelining_.ForgetMethod(hop_);
    state_ = State::kReconnect;
    return;
  }
  pipelining_.Over();
  // Once for each hop that wants to be asked on a connection of its own, and once where a nonce has
  // grown old.
  if (reconnects_ >= 2 * path_.size()) {
    base::Failure failure;
    failure.cause = base::Cause::kClosedEarly;
    failure.set_detail("each time that it asked for credentials");
    Fail(failure);
    return;
  }
  ++reconnects_;
  learned_ = handshake_->http()->login().memory();
  learned_hop_ = hop_;
  state_ = State::kReconnect;
}

void Dial::Restart() {
  hop_ = 0;
  is_ready_ = false;
  greeted_ = protocol::Socks5Method::kUnknown;
  flight_end_ = 0;
  flight_.Clear();
  handshake_.reset();
  state_ = State::kConnect;
}

bool Dial::SendFlight(Stream& stream, int64_t now_ms) {
  const long sent = stream.Send(flight_.Outgoing());
  if (sent < 0) {
    return GoesOnAfter(sent);
  }
  flight_.Sent(static_cast<size_t>(sent));
  if (flight_.is_sent()) {
    pipelining_.Sent(hop_, flight_end_, now_ms);
  }
  return true;
}

bool Dial::SendSome(Stream& stream, int64_t now_ms) {
  // What is left to say of a flight's last hop was asked for by its answer.
  pipelining_.Over();
  const long sent = stream.Send(handshake_->Outgoing());
  if (sent < 0) {
    return GoesOnAfter(sent);
  }
  handshake_->Sent(static_cast<size_t>(sent));
  if (handshake_->step() == protocol::Step::kReceive) {
    pipelining_.Asked(now_ms);
  }
  return true;
}

bool Dial::ReceiveSome(Stream& stream, int64_t now_ms) {
  std::array<uint8_t, 1024> buffer;
  const protocol::Appetite appetite = handshake_->Incoming();
  const size_t max = appetite.max < buffer.size() ? appetite.max : buffer.size();
  const long got = stream.Receive(std::span(buffer).first(max), appetite.peek);
  if (got < 0) {
    return GoesOnAfter(got);
  }
  if (got == 0) {
    const bool awaits_answer = handshake_->awaits_answer();
    handshake_->FeedEnd();
    if (awaits_answer && handshake_->step() == protocol::Step::kFailed) {
      FailInSilence(handshake_->failure(), true);
    }
    return true;
  }
  is_ready_ = false;
  pipelining_.Heard(hop_, now_ms);
  size_t taken = handshake_->Feed(std::span(buffer).first(static_cast<size_t>(got)));
  while (appetite.peek && taken > 0) {
    // The peeked bytes are there, so this neither waits nor ends early.
    const long dropped = stream.Receive(std::span(buffer).first(taken), false);
    if (dropped == -EINTR) {
      continue;
    }
    if (dropped <= 0) {
      return dropped < 0 && GoesOnAfter(dropped);
    }
    taken -= static_cast<size_t>(dropped);
  }
  return true;
}

// `error` < 0 is what send or recv returned.
bool Dial::GoesOnAfter(long error) {
  if (error == -EINTR) {
    return true;
  }
  if (error == -EAGAIN) {
    return false;
  }
  if (relay_ != nullptr) {
    base::Failure gone{.cause = base::Cause::kRelay, .code = ECONNREFUSED};
    gone.set_detail("it closed the connection");
    Fail(gone);
    return false;
  }
  const bool awaits_answer = flight_.is_sent() && handshake_->awaits_answer();
  if (error == -ECONNRESET || error == -EPIPE) {
    handshake_->FeedEnd();
    if (handshake_->step() == protocol::Step::kReconnect) {
      return true;
    }
  }
  const auto failure = base::FromConnectErrno(static_cast<int>(-error));
  FailInSilence(failure, failure.cause != base::Cause::kLocal && awaits_answer);
  return false;
}

}  // namespace chain
