// Handshake: one proxy handshake, sans-I/O: bytes in, bytes out, no sockets, no clock.
//
// A handshake is fed what the proxy sent and yields what to send next. It holds its bytes in fixed
// buffers, allocates nothing, and never asks for a byte past the end of the proxy's last reply:
// what follows belongs to the tunnel. Plain value, one owner, any thread, async-signal-safe.
//
// The caller loops:
//   kSend    send some of Outgoing(), then Sent(n)
//   kReceive read at most Incoming().max bytes; where `peek` is set look without taking (MSG_PEEK),
//            Feed() them, then take from the socket exactly what Feed() returned
//   kReconnect  connect again and begin anew, with what http()->login() has learned
//   kDone    the tunnel is up
//   kFailed  failure() says why
#ifndef GOCHAIN_PROTOCOL_HANDSHAKE_H_
#define GOCHAIN_PROTOCOL_HANDSHAKE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "base/endpoint.h"
#include "base/failure.h"
#include "config/config.h"
#include "protocol/http_connect_client.h"
#include "protocol/relay_client.h"
#include "protocol/socks4_client.h"
#include "protocol/socks5_client.h"

namespace protocol {

class Handshake {
 public:
  // `target` is where the hop shall connect to: the next hop or the dial's target. The views of
  // `credentials` outlive the handshake. `known` and `fresh` are for HTTP.
  Handshake(config::ProxyType type, const base::Endpoint& target,
            const HttpCredentials& credentials, const HttpMemory& known, const Freshness& fresh);
  // With the relay, in place of all hops.
  Handshake(const RelayRequest& request, const RelayAccess& access);

  // All that the hop is sent, in one piece, before it answers: puts it into `out` and waits for the
  // answers. 0: it doesn't fit, and nothing has changed. REQUIRES: a proxy's, step() == kSend,
  // nothing was sent
  size_t WriteAhead(const Ahead& ahead, std::span<uint8_t> out);
  // The same where it has been sent already.
  void WasSentAhead(const Ahead& ahead);

  // Of SOCKS5: the proxy has been greeted before, on this connection. REQUIRES: nothing was sent
  void WasGreeted(Socks5Method method);

  Step step() const;
  std::span<const uint8_t> Outgoing() const;   // REQUIRES: step() == kSend; not empty
  void Sent(size_t count);                     // REQUIRES: count <= Outgoing().size()
  Appetite Incoming() const;                   // REQUIRES: step() == kReceive
  size_t Feed(std::span<const uint8_t> data);  // returns how many bytes it took
  void FeedEnd();                              // end of file: kFailed, kClosedEarly
  const base::Failure& failure() const;        // REQUIRES: step() == kFailed
  // The hop was asked for what is behind it, and not a byte of its answer is here: what keeps it
  // silent may be there.
  bool awaits_answer() const;
  // The hop's answer to the last message is here, or as much of it as says what it is: so the hop
  // has read all that it was sent.
  bool answered() const;
  // nullptr where it is none with a SOCKS5 proxy.
  const Socks5Client* socks5() const { return std::get_if<Socks5Client>(&client_); }
  // nullptr where it is no handshake with the relay.
  const RelayClient* relay() const { return std::get_if<RelayClient>(&client_); }
  // nullptr where it is none with an HTTP proxy.
  const HttpConnectClient* http() const { return std::get_if<HttpConnectClient>(&client_); }

 private:
  std::variant<Socks5Client, Socks4Client, HttpConnectClient, RelayClient> client_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HANDSHAKE_H_
