#include "relay/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>

#include "base/clock.h"
#include "relay/copy.h"

namespace relay {
namespace {

// A program sends its request in one piece, and at once.
constexpr int64_t kRequestMs = 10000;

std::optional<protocol::RelayRequest> ReadRequest(int program, const protocol::RelayToken& token) {
  std::array<uint8_t, protocol::kRelayRequestSize> bytes;
  const int64_t deadline_ms = base::NowMs() + kRequestMs;
  for (size_t size = 0; size < bytes.size();) {
    const long got = sys::Recv(program, bytes.data() + size, bytes.size() - size, MSG_DONTWAIT);
    if (got == -EAGAIN || got == -EINTR) {
      const int64_t left_ms = deadline_ms - base::NowMs();
      pollfd watched{program, POLLIN, 0};
      if (left_ms <= 0 || sys::Poll(&watched, 1, static_cast<int>(left_ms)) == 0) {
        return std::nullopt;
      }
      continue;
    }
    if (got <= 0) {
      return std::nullopt;
    }
    size += static_cast<size_t>(got);
    const size_t head = std::min(size, protocol::kRelayHeadSize);
    if (!protocol::IsRelayRequest(std::span<const uint8_t>(bytes).first(head), token)) {
      return std::nullopt;
    }
  }
  return protocol::ReadRelayRequest(bytes);
}

std::optional<chain::Path> PathOf(const protocol::RelayRequest& request,
                                  const config::Config& config) {
  chain::Path path;
  for (size_t i = 0; i < request.hop_count; ++i) {
    if (request.hops[i] >= config.proxies().size()) {
      return std::nullopt;
    }
    path.Add(request.hops[i]);
  }
  return path;
}

bool SendReply(int program, const protocol::RelayReply& reply, const protocol::RelayToken& token) {
  std::array<uint8_t, protocol::kRelayReplySize> bytes;
  protocol::WriteRelayReply(reply, token, bytes);
  // The first bytes on this connection: there is room for them.
  return sys::Send(program, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<long>(bytes.size());
}

}  // namespace

void Serve(base::Fd program, const protocol::RelayAccess& access, Dialer& dialer) {
  const auto request = ReadRequest(program.get(), access.request);
  if (!request) {
    return;
  }
  const auto path = PathOf(*request, dialer.config());
  if (!path) {
    return;
  }
  const Patience patience(program.get());
  Dialed dialed = dialer.Dial(*path, request->target, patience, base::NowMs() + request->budget_ms);
  const bool is_up = dialed.stream != nullptr;
  if (!is_up && !dialed.failure) {
    return;
  }
  const int on = 1;
  sys::Setsockopt(program.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!SendReply(program.get(), {dialed.failure, dialed.connect_us}, access.reply) || !is_up) {
    return;
  }
  PlainStream stream(std::move(program));
  Copy(stream, *dialed.stream);
}

}  // namespace relay
