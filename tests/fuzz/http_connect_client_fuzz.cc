#include "handshake_property.h"
#include "protocol/http_connect_client.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto name = *base::Endpoint::FromName("go.example", 443);
  fuzz::CheckHandshake(protocol::HttpConnectClient(name, "alice", "secret"), {data, size});
  fuzz::CheckHandshake(protocol::HttpConnectClient(name, {}, {}), {data, size});
  return 0;
}
