// Request: what a client of the listener wants, whatever protocol it said it in.
#ifndef GOCHAIN_LISTENER_REQUEST_H_
#define GOCHAIN_LISTENER_REQUEST_H_

#include <cstdint>
#include <string>

#include "base/endpoint.h"
#include "listener/http_body.h"

namespace listener {

enum class Protocol : uint8_t {
  kSocks4,
  kSocks5,
  kConnect,  // HTTP: a tunnel
  kHttp,     // HTTP: one request, for http:// alone
};

struct Request {
  Protocol protocol = Protocol::kSocks5;
  base::Endpoint target;
  // Of kHttp: what the target is sent in the place of the head, and what follows of the client's.
  std::string head;
  HttpBody body;
  bool is_head = false;  // an answer to it has no body
};

}  // namespace listener

#endif  // GOCHAIN_LISTENER_REQUEST_H_
