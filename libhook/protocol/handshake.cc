#include "protocol/handshake.h"

namespace protocol {
namespace {

using Client = std::variant<Socks5Client, Socks4Client, HttpConnectClient, RelayClient>;

Client MakeClient(config::ProxyType type, const base::Endpoint& target,
                  const HttpCredentials& credentials, const HttpMemory& known,
                  const Freshness& fresh) {
  switch (type) {
    case config::ProxyType::kSocks5:
      return Client(std::in_place_type<Socks5Client>, target, credentials.user,
                    credentials.password);
    case config::ProxyType::kSocks4:
      return Client(std::in_place_type<Socks4Client>, target, credentials.user, false);
    case config::ProxyType::kSocks4a:
      return Client(std::in_place_type<Socks4Client>, target, credentials.user, true);
    case config::ProxyType::kHttp:
    case config::ProxyType::kHttps:
    case config::ProxyType::kSsh:
      break;
  }
  return Client(std::in_place_type<HttpConnectClient>, target, credentials, known, fresh);
}

// As std::visit, but for kinds that never are "valueless": nothing to throw.
template <typename Variant, typename Action>
decltype(auto) With(Variant& client, Action action) {
  if (auto* socks5 = std::get_if<Socks5Client>(&client)) {
    return action(*socks5);
  }
  if (auto* socks4 = std::get_if<Socks4Client>(&client)) {
    return action(*socks4);
  }
  if (auto* relay = std::get_if<RelayClient>(&client)) {
    return action(*relay);
  }
  return action(*std::get_if<HttpConnectClient>(&client));
}

}  // namespace

Handshake::Handshake(config::ProxyType type, const base::Endpoint& target,
                     const HttpCredentials& credentials, const HttpMemory& known,
                     const Freshness& fresh)
    : client_(MakeClient(type, target, credentials, known, fresh)) {}

Handshake::Handshake(const RelayRequest& request, const RelayAccess& access)
    : client_(std::in_place_type<RelayClient>, request, access) {}

size_t Handshake::WriteAhead(const Ahead& ahead, std::span<uint8_t> out) {
  if (auto* socks5 = std::get_if<Socks5Client>(&client_)) {
    return socks5->WriteAhead(ahead.method, out);
  }
  if (auto* socks4 = std::get_if<Socks4Client>(&client_)) {
    return socks4->WriteAhead(out);
  }
  auto* const http = std::get_if<HttpConnectClient>(&client_);
  return http != nullptr ? http->WriteAhead(ahead.followed, out) : 0;
}

void Handshake::WasSentAhead(const Ahead& ahead) {
  if (auto* socks5 = std::get_if<Socks5Client>(&client_)) {
    socks5->WasSentAhead(ahead.method);
  } else if (auto* socks4 = std::get_if<Socks4Client>(&client_)) {
    socks4->WasSentAhead();
  } else if (auto* http = std::get_if<HttpConnectClient>(&client_)) {
    http->WasSentAhead(ahead.followed);
  }
}

void Handshake::WasGreeted(Socks5Method method) {
  if (auto* const socks5 = std::get_if<Socks5Client>(&client_)) {
    socks5->WasGreeted(method);
  }
}

Step Handshake::step() const {
  return With(client_, [](const auto& client) { return client.step(); });
}

std::span<const uint8_t> Handshake::Outgoing() const {
  return With(client_, [](const auto& client) { return client.Outgoing(); });
}

void Handshake::Sent(size_t count) {
  With(client_, [&](auto& client) { client.Sent(count); });
}

Appetite Handshake::Incoming() const {
  return With(client_, [](const auto& client) { return client.Incoming(); });
}

size_t Handshake::Feed(std::span<const uint8_t> data) {
  return With(client_, [&](auto& client) { return client.Feed(data); });
}

void Handshake::FeedEnd() {
  With(client_, [](auto& client) { client.FeedEnd(); });
}

bool Handshake::answered() const {
  return With(client_, [](const auto& client) { return client.answered(); });
}

bool Handshake::awaits_answer() const {
  return With(client_, [](const auto& client) { return client.awaits_answer(); });
}

const base::Failure& Handshake::failure() const {
  return With(client_, [](const auto& client) -> const base::Failure& { return client.failure(); });
}

}  // namespace protocol
