#include "chain/fault.h"

#include <cerrno>

namespace chain {
namespace {

using base::Cause;
using Kind = Fault::Kind;

// Of connect(2), for a hop that can't be reached from here. Where the hop itself speaks, the code
// is a SOCKS reply, or 0 for what its protocol can't ask for: then it's about what is behind it.
bool IsErrno(uint16_t code) {
  return code == EHOSTUNREACH || code == EHOSTDOWN || code == ENETUNREACH || code == ENETDOWN;
}

// What is behind hop number `hop` is at fault.
Fault Behind(size_t hop, size_t hops) {
  if (hop + 1 >= hops) {
    return {Kind::kTarget, 0};
  }
  return {Kind::kHop, static_cast<uint8_t>(hop + 1)};
}

Fault FaultOfHop(const base::Failure& failure, size_t hops) {
  switch (failure.cause) {
    case Cause::kHostUnreachable:
    case Cause::kNetUnreachable:
      if (!IsErrno(failure.code)) {
        return Behind(failure.hop, hops);
      }
      break;
    case Cause::kForbidden:
      return Behind(failure.hop, hops);
    case Cause::kTimedOut:
    case Cause::kClosedEarly:
      // The hops before it carry what it says.
      if (failure.hop > 0) {
        return {Kind::kUnclear, failure.hop};
      }
      break;
    case Cause::kNone:
    case Cause::kRejected:
    case Cause::kConfigUnusable:
    case Cause::kLocal:
    case Cause::kRelay:
      return {};
    case Cause::kRefused:
    case Cause::kNoSuchName:
    case Cause::kAuthentication:
    case Cause::kNotTheProtocol:
    case Cause::kTlsUntrusted:
    case Cause::kTlsName:
    case Cause::kSsh:
      break;
  }
  return {Kind::kHop, failure.hop};
}

}  // namespace

Fault FaultOf(const base::Failure& failure, size_t hops) {
  switch (failure.speaker) {
    case base::Failure::Speaker::kHop:
      return FaultOfHop(failure, hops);
    case base::Failure::Speaker::kTarget:
      return Behind(failure.hop, hops);
    case base::Failure::Speaker::kNobody:
      return {Kind::kUnclear, failure.hop};
  }
  return {};
}

}  // namespace chain
