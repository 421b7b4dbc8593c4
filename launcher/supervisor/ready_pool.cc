#include "supervisor/ready_pool.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/clock.h"
#include "base/syscalls.h"
#include "engine/plan.h"
#include "supervisor/thread.h"

namespace supervisor {
namespace {

constexpr int64_t kFirstPauseMs = 2000;
constexpr int64_t kLongestPauseMs = 60000;
// A proxy that waits no longer than that is not worth the trouble.
constexpr int64_t kShortestLifetimeMs = 500;
// Nor is one so near, unless the rules say so: to dial it anew costs less than to ask for a ready
// one.
constexpr int64_t kNearUs = 2000;

bool MayHaveReady(const config::Proxy& proxy) {
  return proxy.pool > 0 && proxy.is_first_hop && !config::NeedsRelay(proxy);
}

// The proxy that the default route begins with, whatever the health of its hops; or none.
std::optional<uint16_t> FirstOfDefault(const config::Config& config) {
  const config::Route route = config.globals().default_route;
  if (config.HopCount(route) == 0) {
    return std::nullopt;
  }
  if (route.kind == config::RouteKind::kChain) {
    switch (config.chains()[route.index].mode) {
      case config::ChainMode::kStrict:
      case config::ChainMode::kDynamic:
      case config::ChainMode::kFailover:
        break;
      case config::ChainMode::kRandom:
      case config::ChainMode::kRoundRobin:
      case config::ChainMode::kFastest:
        return std::nullopt;
    }
  }
  return config.HopIndexAt(route, 0);
}

}  // namespace

ReadyPool::ReadyPool(engine::Session& session) : session_(session) {
  const auto proxies = session.config().proxies();
  hops_.resize(proxies.size());
  for (size_t i = 0; i < proxies.size(); ++i) {
    hops_[i].pool = MayHaveReady(proxies[i]) ? proxies[i].pool : 0;
    // Of a pool that nobody named, the first to ask is the second to dial.
    hops_[i].asked = proxies[i].pool_at_once ? 0 : 1;
  }
}

ReadyPool::~ReadyPool() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  if (running_) {
    const uint64_t one = 1;
    sys::Write(wake_.get(), &one, sizeof one);
    ended_.wait(lock, [this] { return !running_; });
  }
}

void ReadyPool::Start() {
  const std::lock_guard lock(mutex_);
  if (std::all_of(hops_.begin(), hops_.end(), [](const Hop& hop) { return hop.pool == 0; })) {
    return;
  }
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const auto first = FirstOfDefault(session_.config());
  if (first && session_.config().proxies()[*first].pool_at_once) {
    hops_[*first].wanted_ms = base::NowMs();
    running_ = wake_.valid() && StartThread(RunThread, this);
  }
}

std::optional<ReadyPool::Ready> ReadyPool::Take(uint16_t proxy, int domain) {
  const std::lock_guard lock(mutex_);
  if (!wake_.valid() || proxy >= hops_.size() || hops_[proxy].pool == 0) {
    return std::nullopt;
  }
  hops_[proxy].wanted_ms = base::NowMs();
  ++hops_[proxy].asked;
  if (!running_) {
    running_ = !stopping_ && StartThread(RunThread, this);
  }
  const uint64_t one = 1;
  sys::Write(wake_.get(), &one, sizeof one);
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->proxy != proxy || entry->state != State::kReady || entry->domain != domain) {
      continue;
    }
    // What a proxy says unasked is its goodbye.
    pollfd watched{entry->socket.get(), POLLIN | POLLRDHUP, 0};
    if (sys::Poll(&watched, 1, 0) != 0) {
      continue;
    }
    Ready out{std::move(entry->socket),
              entry->greeting ? entry->greeting->method() : protocol::Socks5Method::kUnknown};
    entries_.erase(entry);
    Count();
    return out;
  }
  return std::nullopt;
}

void ReadyPool::RunThread(void* pool) { static_cast<ReadyPool*>(pool)->Run(); }

void ReadyPool::Run() {
  std::vector<pollfd> watched;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    Fill(base::NowMs());
    Count();
    int64_t until_ms = INT64_MAX;
    for (const Hop& hop : hops_) {
      if (hop.retry_ms > base::NowMs()) {
        until_ms = std::min(until_ms, hop.retry_ms);
      }
    }
    watched.assign(1, {wake_.get(), POLLIN, 0});
    for (const Entry& entry : entries_) {
      const bool writes = entry.state == State::kConnecting ||
                          (entry.greeting && entry.greeting->step() == protocol::Step::kSend);
      watched.push_back(
          {entry.socket.get(), static_cast<short>(writes ? POLLOUT : POLLIN | POLLRDHUP), 0});
      until_ms = std::min(until_ms, entry.until_ms);
    }
    lock.unlock();
    const int64_t left_ms =
        until_ms == INT64_MAX ? -1 : std::max<int64_t>(until_ms - base::NowMs(), 0);
    sys::Poll(watched.data(), watched.size(),
              static_cast<int>(std::min<int64_t>(left_ms, INT32_MAX)));
    lock.lock();
    if (watched[0].revents != 0) {
      uint64_t times;
      sys::Read(wake_.get(), &times, sizeof times);
    }
    const int64_t now_ms = base::NowMs();
    // Some may have been taken meanwhile.
    std::erase_if(entries_, [&](Entry& entry) {
      const auto seen = std::find_if(watched.begin() + 1, watched.end(), [&](const pollfd& one) {
        return one.fd == entry.socket.get();
      });
      return !Serve(entry, seen != watched.end() ? seen->revents : short{0}, now_ms);
    });
  }
  entries_.clear();
  Count();
  running_ = false;
  ended_.notify_all();
}

// One that was taken may have been for the only dial there is.
unsigned ReadyPool::Wanted(const Hop& hop, int64_t now_ms) const {
  if (hop.wanted_ms < 0 || now_ms - hop.wanted_ms > kInterestMs || now_ms < hop.retry_ms ||
      hop.lifetime_ms < kShortestLifetimeMs) {
    return 0;
  }
  return hop.asked == 1 ? hop.pool - 1 : hop.pool;
}

void ReadyPool::Fill(int64_t now_ms) {
  for (size_t proxy = 0; proxy < hops_.size(); ++proxy) {
    const auto has = static_cast<unsigned>(
        std::count_if(entries_.begin(), entries_.end(),
                      [&](const Entry& entry) { return entry.proxy == proxy; }));
    for (unsigned i = has; i < Wanted(hops_[proxy], now_ms); ++i) {
      if (!Open(static_cast<uint16_t>(proxy), now_ms)) {
        Failed(static_cast<uint16_t>(proxy), now_ms);
        break;
      }
    }
  }
}

// To an address that is known: looking names up is for dials.
bool ReadyPool::Open(uint16_t proxy, int64_t now_ms) {
  engine::Addresses addresses;
  if (engine::KnownHopAddresses(session_, proxy, &addresses) == 0) {
    return false;
  }
  const config::Proxy& hop = session_.config().proxies()[proxy];
  const int domain = addresses[0].is_v4() ? AF_INET : AF_INET6;
  base::Fd socket(::socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket.valid()) {
    return false;
  }
  const int on = 1;
  sys::Setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_storage storage;
  const socklen_t length = base::ToSockaddr(addresses[0], hop.port, domain, &storage);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 &&
      errno != EINPROGRESS) {
    return false;
  }
  entries_.push_back({proxy, State::kConnecting, domain, std::move(socket), std::nullopt,
                      base::NowUs(), now_ms,
                      now_ms + session_.config().globals().connect_timeout_ms});
  return true;
}

// False: the entry is over.
bool ReadyPool::Serve(Entry& entry, short events, int64_t now_ms) {
  if (entry.state == State::kReady) {
    if (events != 0) {
      // The proxy has lost its patience, or its life.
      Hop& hop = hops_[entry.proxy];
      hop.lifetime_ms = std::min(hop.lifetime_ms, (now_ms - entry.since_ms) * 3 / 4);
      return false;
    }
    return now_ms < entry.until_ms;
  }
  if (now_ms >= entry.until_ms) {
    Failed(entry.proxy, now_ms);
    return false;
  }
  if (events == 0) {
    return true;
  }
  bool goes_on = true;
  if (entry.state == State::kConnecting) {
    goes_on = sys::PendingError(entry.socket.get()) == 0 && (events & POLLOUT) != 0;
    const config::Config& config = session_.config();
    const config::Proxy& proxy = config.proxies()[entry.proxy];
    if (goes_on && proxy.type == config::ProxyType::kSocks5) {
      entry.state = State::kGreeting;
      entry.greeting.emplace(base::Endpoint(), config.text(proxy.user),
                             config.text(proxy.password));
      entry.greeting->GreetOnly();
    } else if (goes_on) {
      return BecomeReady(entry, now_ms);
    }
  }
  if (goes_on) {
    goes_on = Greet(entry, now_ms);
  }
  if (!goes_on) {
    Failed(entry.proxy, now_ms);
  }
  return goes_on;
}

bool ReadyPool::Greet(Entry& entry, int64_t now_ms) {
  for (;;) {
    long result = 0;
    switch (entry.greeting->step()) {
      case protocol::Step::kSend: {
        const auto bytes = entry.greeting->Outgoing();
        result = sys::Send(entry.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (result > 0) {
          entry.greeting->Sent(static_cast<size_t>(result));
        }
        break;
      }
      case protocol::Step::kReceive: {
        std::array<uint8_t, 16> bytes;
        const size_t max = std::min(entry.greeting->Incoming().max, bytes.size());
        result = sys::Recv(entry.socket.get(), bytes.data(), max, 0);
        if (result > 0) {
          entry.greeting->Feed(std::span(bytes).first(static_cast<size_t>(result)));
        }
        break;
      }
      case protocol::Step::kDone:
        return BecomeReady(entry, now_ms);
      case protocol::Step::kReconnect:
      case protocol::Step::kFailed:
        return false;
    }
    if (result == -EAGAIN || result == -EINTR) {
      return true;
    }
    if (result <= 0) {
      return false;
    }
  }
}

bool ReadyPool::BecomeReady(Entry& entry, int64_t now_ms) {
  Hop& hop = hops_[entry.proxy];
  if (!session_.config().proxies()[entry.proxy].pool_at_once &&
      base::NowUs() - entry.began_us < kNearUs) {
    hop.pool = 0;
    return false;
  }
  hop.pause_ms = 0;
  entry.state = State::kReady;
  entry.since_ms = now_ms;
  entry.until_ms = now_ms + hop.lifetime_ms;
  return true;
}

void ReadyPool::Failed(uint16_t proxy, int64_t now_ms) {
  Hop& hop = hops_[proxy];
  hop.pause_ms = std::clamp(hop.pause_ms * 2, kFirstPauseMs, kLongestPauseMs);
  hop.retry_ms = now_ms + hop.pause_ms;
}

void ReadyPool::Count() {
  std::vector<uint64_t> ready(hops_.size());
  for (const Entry& entry : entries_) {
    ready[entry.proxy] += entry.state == State::kReady;
  }
  for (size_t proxy = 0; proxy < hops_.size(); ++proxy) {
    session_.ready().SetCount(proxy, ready[proxy]);
  }
}

}  // namespace supervisor
