// The request that a client of an HTTP proxy sends: CONNECT for a tunnel (RFC 9110 §9.3.6), or any
// other with the absolute form of its target, which is then sent to it in the origin's form
// (RFC 9112 §3.2). Pure.
//
// A connection is for one request: the target is told so by "Connection: close", and the client by
// the target's answer.
#ifndef GOCHAIN_LISTENER_HTTP_REQUEST_H_
#define GOCHAIN_LISTENER_HTTP_REQUEST_H_

#include <string_view>

#include "listener/request.h"

namespace listener {

// Why a request isn't one for this proxy.
struct HttpRefusal {
  int status = 0;            // 0: it is one
  std::string_view reason;   // the phrase after the status
  std::string_view message;  // for a person
};

// `head` is all to the empty line, with it.
HttpRefusal ReadHttpRequest(std::string_view head, Request* out);

// Where it is too long for that.
HttpRefusal HeadTooLarge();

}  // namespace listener

#endif  // GOCHAIN_LISTENER_HTTP_REQUEST_H_
