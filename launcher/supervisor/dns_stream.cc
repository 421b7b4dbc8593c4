// DNS over TCP (RFC 7766), one thread for each connection: the second half of DnsResponder.
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "base/clock.h"
#include "base/syscalls.h"
#include "supervisor/dns_responder.h"
#include "supervisor/thread.h"

namespace supervisor {
namespace {

constexpr int64_t kIdleTimeoutMs = 10000;
constexpr size_t kMaxThreads = 64;
constexpr int64_t kSliceMs = 100;

void PutSize(std::span<uint8_t> out, size_t size) {
  out[0] = static_cast<uint8_t>(size >> 8);
  out[1] = static_cast<uint8_t>(size);
}

size_t GetSize(std::span<const uint8_t> in) { return size_t{in[0]} << 8 | in[1]; }

}  // namespace

struct DnsResponder::Stream {
  DnsResponder* responder;
  base::Fd socket;
  DnsClients::Kind kind;
  uint16_t port;  // of the program
};

void DnsResponder::Accept(int listener, DnsClients::Kind kind) {
  sockaddr_storage address;
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  base::Fd socket(accept4(listener, plain, &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    return;
  }
  const auto source = base::Endpoint::FromSockaddr(plain, size);
  auto stream = std::make_unique<Stream>(
      Stream{this, std::move(socket), kind, source.has_value() ? source->port() : uint16_t{0}});
  const std::lock_guard lock(mutex_);
  if (threads_ < kMaxThreads && StartThread(RunStream, stream.get())) {
    ++threads_;
    (void)stream.release();
  }
}

void DnsResponder::RunStream(void* stream) {
  std::unique_ptr<Stream> own(static_cast<Stream*>(stream));
  DnsResponder* const self = own->responder;
  self->ServeStream(*own);
  own.reset();
  self->ThreadEnded();
}

// Moves all of `data`; false where the other side ended or time ran out.
bool DnsResponder::Exchange(int fd, std::span<uint8_t> data, bool reading, int64_t deadline_ms) {
  while (!data.empty()) {
    const long moved = reading
                           ? sys::Recv(fd, data.data(), data.size(), MSG_DONTWAIT)
                           : sys::Send(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (moved > 0) {
      data = data.subspan(static_cast<size_t>(moved));
      continue;
    }
    if (moved == 0 || (moved != -EAGAIN && moved != -EINTR)) {
      return false;
    }
    const int64_t left_ms = deadline_ms - base::NowMs();
    if (left_ms <= 0 || stopping_) {
      return false;
    }
    pollfd watched{fd, static_cast<short>(reading ? POLLIN : POLLOUT), 0};
    (void)sys::Poll(&watched, 1, static_cast<int>(std::min(left_ms, kSliceMs)));
  }
  return true;
}

void DnsResponder::ServeStream(Stream& stream) {
  std::vector<uint8_t> query(names::kMaxDnsMessage);
  std::vector<uint8_t> answer(2 + names::kMaxDnsMessage);
  std::array<uint8_t, 2> head;
  const int fd = stream.socket.get();
  std::shared_ptr<const DnsClient> client;
  for (;;) {
    const int64_t deadline_ms = base::NowMs() + kIdleTimeoutMs;
    if (!Exchange(fd, head, true, deadline_ms)) {
      return;
    }
    if (client == nullptr) {
      // Not before its first byte: the connection may be accepted before its port was noted, but
      // the program can use it only afterwards.
      client = clients_.Find(stream.kind, stream.port);
      if (client == nullptr) {
        return;
      }
    }
    const auto message = std::span(query).first(GetSize(head));
    if (!Exchange(fd, message, true, deadline_ms)) {
      return;
    }
    auto decision = policy_.Decide(message, client->conf, std::span(answer).subspan(2));
    if (decision.verdict == engine::DnsPolicy::Verdict::kIgnore) {
      return;
    }
    if (decision.verdict == engine::DnsPolicy::Verdict::kForward) {
      decision.size = ForwardOnStream(client->server, message, std::span(answer).subspan(2));
    }
    PutSize(answer, decision.size);
    if (!Exchange(fd, std::span(answer).first(2 + decision.size), false,
                  base::NowMs() + kIdleTimeoutMs)) {
      return;
    }
  }
}

// Asks `server` over TCP; its answer, or ours that it gave none.
size_t DnsResponder::ForwardOnStream(const base::Endpoint& server, std::span<const uint8_t> query,
                                     std::span<uint8_t> out) {
  const size_t failure = engine::DnsPolicy::ServerFailure(query, out);
  const int64_t deadline_ms = base::NowMs() + kForwardTimeoutMs;
  const int domain = server.address().is_v4() ? AF_INET : AF_INET6;
  const base::Fd socket(
      sys::PassingSocket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0));
  sockaddr_storage address;
  const socklen_t size = base::ToSockaddr(server.address(), server.port(), domain, &address);
  if (!socket) {
    return failure;
  }
  const int connected =
      sys::PassingConnect(socket.get(), reinterpret_cast<sockaddr*>(&address), size, 0);
  if (connected != 0 && connected != -EINPROGRESS) {
    return failure;
  }
  std::vector<uint8_t> data(2 + query.size());
  PutSize(data, query.size());
  std::copy(query.begin(), query.end(), data.begin() + 2);
  std::array<uint8_t, 2> head;
  pollfd watched{socket.get(), POLLOUT, 0};
  if (sys::Poll(&watched, 1, static_cast<int>(kForwardTimeoutMs)) <= 0 ||
      !Exchange(socket.get(), data, false, deadline_ms) ||
      !Exchange(socket.get(), head, true, deadline_ms)) {
    return failure;
  }
  std::vector<uint8_t> answer(GetSize(head));
  if (!Exchange(socket.get(), answer, true, deadline_ms)) {
    return failure;
  }
  if (const auto decision = policy_.Review(query, answer, out);
      decision.verdict == engine::DnsPolicy::Verdict::kAnswer) {
    return decision.size;
  }
  std::copy(answer.begin(), answer.end(), out.begin());
  return answer.size();
}

}  // namespace supervisor
