// What a client is told of its request, in the words of its protocol. Pure.
#ifndef GOCHAIN_LISTENER_REPLY_H_
#define GOCHAIN_LISTENER_REPLY_H_

#include <string>

#include "base/failure.h"
#include "listener/http_request.h"
#include "listener/request.h"

namespace listener {

// That the target is connected to. Empty for kHttp: there the target itself answers.
std::string AcceptedReply(const Request& request);

// That it isn't, and why. `failure` may be none: then gochain itself is at fault.
std::string FailedReply(const Request& request, const base::Failure& failure);

std::string HttpReply(const HttpRefusal& refusal);

}  // namespace listener

#endif  // GOCHAIN_LISTENER_REPLY_H_
