#include "base/failure.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace base {
namespace {

std::string Words(const Failure& failure) {
  std::array<char, 512> buffer;
  return std::string(Describe(failure, "target", buffer));
}

TEST(FailureTest, MapsEachCauseToTheErrnoOfTheContract) {
  const std::pair<Cause, int> table[] = {{Cause::kRejected, EACCES},
                                         {Cause::kRefused, ECONNREFUSED},
                                         {Cause::kHostUnreachable, EHOSTUNREACH},
                                         {Cause::kNetUnreachable, ENETUNREACH},
                                         {Cause::kNoSuchName, EHOSTUNREACH},
                                         {Cause::kForbidden, EACCES},
                                         {Cause::kAuthentication, EACCES},
                                         {Cause::kTimedOut, ETIMEDOUT},
                                         {Cause::kNotTheProtocol, ECONNRESET},
                                         {Cause::kClosedEarly, ECONNRESET},
                                         {Cause::kConfigUnusable, EACCES},
                                         {Cause::kTlsUntrusted, EACCES},
                                         {Cause::kTlsName, EACCES},
                                         {Cause::kSsh, EACCES}};
  for (const auto& [cause, error] : table) {
    EXPECT_EQ(ToErrno({.cause = cause}), error) << static_cast<int>(cause);
  }
}

TEST(FailureTest, KeepsTheErrnoOfALocalFailure) {
  EXPECT_EQ(ToErrno(FromConnectErrno(EADDRNOTAVAIL)), EADDRNOTAVAIL);
  EXPECT_EQ(Words(FromConnectErrno(EADDRNOTAVAIL)), "no local address or port left");
  EXPECT_EQ(Words(FromConnectErrno(ENOPROTOOPT)), "local error (errno 92)");
}

TEST(FailureTest, SaysThatItIsTheRelayThatFailed) {
  Failure failure{.cause = Cause::kRelay, .code = EACCES};
  failure.set_detail("no launcher");
  EXPECT_EQ(ToErrno(failure), EACCES);
  EXPECT_EQ(Words(failure), "gochain's relay can't be used (no launcher)");
}

TEST(FailureTest, ConnectErrnosComeBackAsThemselves) {
  for (const int error : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, ECONNRESET, EMFILE}) {
    EXPECT_EQ(ToErrno(FromConnectErrno(error)), error);
  }
}

TEST(FailureTest, SaysWhatALookUpWasFor) {
  EXPECT_EQ(Words(FromLookup(0, "the proxy's own name")), "no such name (the proxy's own name)");
  EXPECT_EQ(Words(FromLookup(0, {})), "no such name");
  EXPECT_EQ(Words(FromLookup(-ETIMEDOUT, "the proxy's own name")),
            "timed out (looking up the proxy's own name)");
  EXPECT_EQ(ToErrno(FromLookup(0, {})), EHOSTUNREACH);
  EXPECT_EQ(ToErrno(FromLookup(-ETIMEDOUT, {})), ETIMEDOUT);
}

TEST(FailureTest, SaysWhetherTheTargetOrTheHopRefused) {
  EXPECT_EQ(Words({.cause = Cause::kRefused}), "connection refused");
  EXPECT_EQ(Words({.cause = Cause::kRefused, .speaker = Failure::Speaker::kTarget}),
            "connection refused by target");
}

TEST(FailureTest, NamesTheHostThatACertificateIsFor) {
  Failure failure{.cause = Cause::kTlsName};
  EXPECT_EQ(Words(failure), "certificate is for another host");
  failure.set_detail("other.example, not proxy.example");
  EXPECT_EQ(Words(failure), "certificate is for other.example, not proxy.example");
}

TEST(FailureTest, CutsLongDetailsAndHidesControlBytes) {
  Failure failure{.cause = Cause::kForbidden};
  failure.set_detail("403: \x1b[31mno\n");
  EXPECT_EQ(Words(failure), "forbidden by proxy (403: ?[31mno?)");
  failure.set_detail(std::string(500, 'x'));
  EXPECT_EQ(failure.detail_text(), std::string(95, 'x'));
}

}  // namespace
}  // namespace base
