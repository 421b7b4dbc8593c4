#include "handshake_property.h"
#include "protocol/socks5_client.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto name = *base::Endpoint::FromName("go.example", 443);
  const base::Endpoint address(*base::IpAddress::Parse("2001:db8::1"), 443);
  fuzz::CheckHandshake(protocol::Socks5Client(name, "alice", "secret"), {data, size});
  fuzz::CheckHandshake(protocol::Socks5Client(address, {}, {}), {data, size});
  for (const auto method : {protocol::Socks5Method::kNone, protocol::Socks5Method::kPassword}) {
    protocol::Socks5Client ahead(name, "alice", "secret");
    ahead.WasSentAhead(method);
    fuzz::CheckHandshake(ahead, {data, size});
  }
  return 0;
}
