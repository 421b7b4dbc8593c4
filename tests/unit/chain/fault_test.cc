#include "chain/fault.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace chain {
namespace {

using base::Cause;
using Speaker = base::Failure::Speaker;
using Kind = Fault::Kind;

struct Row {
  const char* what;
  Cause cause;
  Speaker speaker;
  uint16_t code;
  // In a path of three hops, at the first and at the last one.
  Fault first;
  Fault last;
};

constexpr Fault kNobody{Kind::kNone, 0};
constexpr Fault kTarget{Kind::kTarget, 0};
constexpr Fault Hop(uint8_t hop) { return {Kind::kHop, hop}; }
constexpr Fault Unclear(uint8_t hop) { return {Kind::kUnclear, hop}; }

const Row kRows[] = {
    {"connect(2): RST", Cause::kRefused, Speaker::kHop, ECONNREFUSED, Hop(0), Hop(2)},
    {"connect(2): no route", Cause::kHostUnreachable, Speaker::kHop, EHOSTUNREACH, Hop(0), Hop(2)},
    {"connect(2): host down", Cause::kHostUnreachable, Speaker::kHop, EHOSTDOWN, Hop(0), Hop(2)},
    {"connect(2): no network", Cause::kNetUnreachable, Speaker::kHop, ENETUNREACH, Hop(0), Hop(2)},
    {"connect(2): network down", Cause::kNetUnreachable, Speaker::kHop, ENETDOWN, Hop(0), Hop(2)},
    {"connect_timeout before it was asked", Cause::kTimedOut, Speaker::kHop, 0, Hop(0), Unclear(2)},
    {"its own name", Cause::kNoSuchName, Speaker::kHop, 0, Hop(0), Hop(2)},
    {"password", Cause::kAuthentication, Speaker::kHop, 407, Hop(0), Hop(2)},
    {"rubbish", Cause::kNotTheProtocol, Speaker::kHop, 0, Hop(0), Hop(2)},
    {"closed in the middle of its answer", Cause::kClosedEarly, Speaker::kHop, 0, Hop(0),
     Unclear(2)},
    {"certificate", Cause::kTlsUntrusted, Speaker::kHop, 0, Hop(0), Hop(2)},
    {"certificate of another", Cause::kTlsName, Speaker::kHop, 0, Hop(0), Hop(2)},
    {"ssh's own trouble", Cause::kSsh, Speaker::kHop, 0, Hop(0), Hop(2)},

    {"HTTP 403", Cause::kForbidden, Speaker::kHop, 403, Hop(1), kTarget},
    {"SOCKS 2", Cause::kForbidden, Speaker::kHop, 2, Hop(1), kTarget},
    {"SOCKS 8: no IPv6", Cause::kNetUnreachable, Speaker::kHop, 8, Hop(1), kTarget},
    {"a name it can't be told", Cause::kHostUnreachable, Speaker::kHop, 0, Hop(1), kTarget},

    {"SOCKS 5", Cause::kRefused, Speaker::kTarget, 5, Hop(1), kTarget},
    {"SOCKS 4", Cause::kHostUnreachable, Speaker::kTarget, 4, Hop(1), kTarget},
    {"SOCKS 3", Cause::kNetUnreachable, Speaker::kTarget, 3, Hop(1), kTarget},
    {"SOCKS 6", Cause::kTimedOut, Speaker::kTarget, 6, Hop(1), kTarget},
    {"HTTP 502", Cause::kRefused, Speaker::kTarget, 502, Hop(1), kTarget},
    {"HTTP 504", Cause::kTimedOut, Speaker::kTarget, 504, Hop(1), kTarget},

    {"silence", Cause::kTimedOut, Speaker::kNobody, 0, Unclear(0), Unclear(2)},
    {"closed without an answer", Cause::kClosedEarly, Speaker::kNobody, 0, Unclear(0), Unclear(2)},
    {"RST without an answer", Cause::kClosedEarly, Speaker::kNobody, ECONNRESET, Unclear(0),
     Unclear(2)},

    {"no failure", Cause::kNone, Speaker::kHop, 0, kNobody, kNobody},
    {"a rule", Cause::kRejected, Speaker::kHop, 0, kNobody, kNobody},
    {"no rules", Cause::kConfigUnusable, Speaker::kHop, 0, kNobody, kNobody},
    {"no descriptor left", Cause::kLocal, Speaker::kHop, EMFILE, kNobody, kNobody},
    {"the program's SO_SNDTIMEO", Cause::kLocal, Speaker::kHop, EINPROGRESS, kNobody, kNobody},
    {"gochain's relay", Cause::kRelay, Speaker::kHop, ECONNREFUSED, kNobody, kNobody},
};

TEST(FaultTest, IsAsTheTableSays) {
  for (const Row& row : kRows) {
    base::Failure failure;
    failure.cause = row.cause;
    failure.speaker = row.speaker;
    failure.code = row.code;
    EXPECT_EQ(FaultOf(failure, 3), row.first) << row.what << ", first hop";
    failure.hop = 2;
    EXPECT_EQ(FaultOf(failure, 3), row.last) << row.what << ", last hop";
  }
}

TEST(FaultTest, HasARowForEachCause) {
  for (int cause = 0; cause <= static_cast<int>(base::kLastCause); ++cause) {
    bool found = false;
    for (const Row& row : kRows) {
      found = found || row.cause == static_cast<Cause>(cause);
    }
    EXPECT_TRUE(found) << cause;
  }
}

}  // namespace
}  // namespace chain
