#include "hooks/caller.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/endpoint.h"
#include "hooks/next.h"
#include "hooks/process.h"
#include "hooks/relay_starter.h"
#include "hooks/replacement.h"
#include "loop/descriptors.h"
#include "loop/interrupts.h"

namespace hooks {
namespace {

constinit thread_local bool g_resolving __attribute__((tls_model("initial-exec"))) = false;

int64_t ToMs(const timeval& time) {
  return int64_t{time.tv_sec} * 1000 + (int64_t{time.tv_usec} + 999) / 1000;
}

}  // namespace

bool IsResolving() { return g_resolving; }

Caller::Caller(DialInProgress& dial) : dial_(dial) {
  socklen_t length = sizeof dial.send_timeout;
  if (dial.blocking &&
      sys::Getsockopt(dial.fd, SOL_SOCKET, SO_SNDTIMEO, &dial.send_timeout, &length) == 0) {
    const int64_t timeout_ms = ToMs(dial.send_timeout);
    program_deadline_ms_ = timeout_ms > 0 ? base::NowMs() + timeout_ms : INT64_MAX;
  }
}

// A connect that says EINPROGRESS or EALREADY goes on by itself; calling it again after a wait
// gives its result, and moves the socket to the state that the program expects
// (getsockopt(SO_ERROR) wouldn't).
int Caller::Connect(int fd, const sockaddr* address, socklen_t length, int64_t deadline_ms) {
  const int64_t until_ms = std::min(deadline_ms, program_deadline_ms_);
  int result;
  for (;;) {
    if (dial_.blocking) {
      BoundNextConnect(doubt() == nullptr
                           ? until_ms
                           : std::min(until_ms, base::NowMs() + engine::Doubt::kEveryMs));
      const CancellationPoint here;
      result = sys::PassingConnect(fd, address, length, dial_.cookie);
    } else {
      result = sys::PassingConnect(fd, address, length, dial_.cookie);
    }
    if (result == -EINTR) {
      if (GivesUpAtSignal()) {
        break;
      }
      continue;
    }
    if (result != -EINPROGRESS && result != -EALREADY) {
      break;
    }
    const Waited waited = Wait(fd, POLLOUT, deadline_ms);
    if (waited != Waited::kReady) {
      result = waited == Waited::kInterrupted       ? -EINTR
               : waited == Waited::kProgramTimedOut ? -EINPROGRESS
               : waited == Waited::kLost            ? -ECONNABORTED
                                                    : -ETIMEDOUT;
      break;
    }
  }
  RestoreSendTimeout(dial_);
  return result;
}

engine::Surroundings::Waited Caller::Wait(int fd, short events, int64_t deadline_ms) {
  const int64_t until_ms = std::min(deadline_ms, program_deadline_ms_);
  for (;;) {
    const int64_t left_ms = until_ms - base::NowMs();
    if (left_ms <= 0) {
      return until_ms == deadline_ms ? Waited::kTimedOut : Waited::kProgramTimedOut;
    }
    const int64_t slice_ms = doubt() == nullptr ? INT32_MAX : engine::Doubt::kEveryMs;
    pollfd entry{fd, events, 0};
    int result;
    {
      const CancellationPoint here;
      result = sys::Poll(&entry, 1, static_cast<int>(std::min(left_ms, slice_ms)));
    }
    if (result > 0) {
      return Waited::kReady;
    }
    if (result == 0 && IsLost()) {
      return Waited::kLost;
    }
    if (result == -EINTR && GivesUpAtSignal()) {
      return Waited::kInterrupted;
    }
    if (result < 0 && result != -EINTR) {
      return Waited::kAbandoned;
    }
  }
}

int Caller::Resolve(std::string_view name, std::span<base::IpAddress> out, int64_t deadline_ms,
                    engine::Doubt* /*doubt*/) {
  return LookUpHere(name, out, deadline_ms);
}

int LookUpHere(std::string_view name, std::span<base::IpAddress> out, int64_t deadline_ms) {
  std::array<char, base::kMaxNameLength + 1> text;
  if (name.size() >= text.size()) {
    return 0;
  }
  std::memcpy(text.data(), name.data(), name.size());
  text[name.size()] = '\0';
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  g_resolving = true;
  const int result = real::getaddrinfo(text.data(), nullptr, &hints, &list);
  g_resolving = false;
  if (result != 0) {
    return base::NowMs() < deadline_ms ? 0 : -ETIMEDOUT;
  }
  size_t count = 0;
  for (const addrinfo* entry = list; entry != nullptr && count < out.size();
       entry = entry->ai_next) {
    if (const auto found = base::Endpoint::FromSockaddr(entry->ai_addr, entry->ai_addrlen)) {
      out[count++] = found->address();
    }
  }
  freeaddrinfo(list);
  return static_cast<int>(count);
}

int Caller::Replace(int fd, int domain) { return ReplaceSocket(fd, domain, dial_.cookie); }

int Caller::TakeReady(int fd, int /*domain*/, uint16_t proxy, ReadyHop* out) {
  return loop::IsInSets(fd) ? -ENOENT : TakeReadySocket(Process::Get(), fd, proxy, out);
}

bool Caller::StartRelay(uint64_t version, engine::FoundRelay* relay, base::Failure* why) {
  Process& process = Process::Get();
  return process.alone()
             ? FindOrStartRelay(process.session(), process.relay_owner(), version, relay, why)
             : Surroundings::StartRelay(version, relay, why);
}

void Caller::BoundNextConnect(int64_t until_ms) {
  const int64_t left_ms = std::max<int64_t>(until_ms - base::NowMs(), 1);
  const timeval left{left_ms / 1000, left_ms % 1000 * 1000};
  dial_.send_timeout_changed = true;
  sys::Setsockopt(dial_.fd, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof left);
}

// A non-blocking connect never says EINTR: programs take it for "in progress", and would then read
// success from the socket of a dial that was undone.
bool Caller::GivesUpAtSignal() const { return dial_.blocking && !loop::EveryHandlerRestarts(); }

}  // namespace hooks
