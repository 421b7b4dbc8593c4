#include "handshake_property.h"
#include "protocol/http_connect_client.h"

using protocol::HttpConnectClient;
using protocol::HttpCredentials;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto name = *base::Endpoint::FromName("go.example", 443);
  const std::span<const uint8_t> input(data, size);
  fuzz::CheckHandshake(HttpConnectClient(name, HttpCredentials{{}, {}}), input);
  for (const config::Auth auth : {config::Auth::kAny, config::Auth::kBasic, config::Auth::kDigest,
                                  config::Auth::kNtlm, config::Auth::kNegotiate}) {
    const HttpCredentials credentials{"corp\\alice", "secret", "pc", auth, "VE9LRU4="};
    fuzz::CheckHandshake(HttpConnectClient(name, credentials), input);
  }
  HttpConnectClient followed(name, HttpCredentials{"alice", "secret"});
  followed.WasSentAhead(true);
  fuzz::CheckHandshake(followed, input);
  return 0;
}
