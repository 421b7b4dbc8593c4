#include "handshake_property.h"
#include "protocol/socks4_client.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto name = *base::Endpoint::FromName("go.example", 443);
  const base::Endpoint address(*base::IpAddress::Parse("192.0.2.1"), 443);
  fuzz::CheckHandshake(protocol::Socks4Client(name, "alice", true), {data, size});
  fuzz::CheckHandshake(protocol::Socks4Client(address, {}, false), {data, size});
  return 0;
}
