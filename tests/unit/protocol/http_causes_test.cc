#include "protocol/http_causes.h"

#include <gtest/gtest.h>

namespace protocol {
namespace {

using base::Cause;
using Speaker = base::Failure::Speaker;

struct Row {
  unsigned status;
  const char* reason;
  const char* error;
  Cause cause;
  Speaker speaker;
};

void ExpectRows(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    const HttpVerdict got = JudgeHttpRefusal(row.status, row.reason, row.error);
    EXPECT_EQ(got.cause, row.cause) << row.status << ' ' << row.reason << ' ' << row.error;
    EXPECT_EQ(got.speaker, row.speaker) << row.status << ' ' << row.reason << ' ' << row.error;
  }
}

TEST(HttpCausesTest, MapsBareStatuses) {
  ExpectRows({
      {302, "Found", "", Cause::kForbidden, Speaker::kHop},
      {400, "Bad Request", "", Cause::kForbidden, Speaker::kHop},
      {401, "Unauthorized", "", Cause::kAuthentication, Speaker::kHop},
      {403, "Forbidden", "", Cause::kForbidden, Speaker::kHop},
      {404, "Not Found", "", Cause::kForbidden, Speaker::kHop},
      {405, "Method Not Allowed", "", Cause::kForbidden, Speaker::kHop},
      {408, "Request Timeout", "", Cause::kTimedOut, Speaker::kHop},
      {500, "Internal Server Error", "", Cause::kRefused, Speaker::kTarget},
      {501, "Not Implemented", "", Cause::kForbidden, Speaker::kHop},
      {502, "Bad Gateway", "", Cause::kRefused, Speaker::kTarget},
      {503, "Service Unavailable", "", Cause::kRefused, Speaker::kTarget},
      {504, "Gateway Timeout", "", Cause::kTimedOut, Speaker::kTarget},
      {511, "Network Authentication Required", "", Cause::kAuthentication, Speaker::kHop},
      {599, "", "", Cause::kRefused, Speaker::kTarget},
  });
}

TEST(HttpCausesTest, ReadsTheReasonOfGatewayErrors) {
  ExpectRows({
      {504, "Host unreachable", "", Cause::kHostUnreachable, Speaker::kTarget},
      {504, "DNS Name Not Found", "", Cause::kHostUnreachable, Speaker::kTarget},
      {502, "Could not RESOLVE host", "", Cause::kHostUnreachable, Speaker::kTarget},
      {503, "Network is unreachable", "", Cause::kNetUnreachable, Speaker::kTarget},
      {502, "Connection timed out", "", Cause::kTimedOut, Speaker::kTarget},
      {404, "No such domain", "", Cause::kHostUnreachable, Speaker::kTarget},
  });
}

// What squid 5.7 and tinyproxy 1.11 were seen to send.
TEST(HttpCausesTest, KnowsSquidAndTinyproxy) {
  constexpr const char* kUnavailable = "Service Unavailable";
  ExpectRows({
      {500, "Internal Server Error", "ERR_CANNOT_FORWARD 0", Cause::kHostUnreachable,
       Speaker::kTarget},
      {503, kUnavailable, "ERR_DNS_FAIL 0", Cause::kHostUnreachable, Speaker::kTarget},
      {503, kUnavailable, "ERR_CONNECT_FAIL 111", Cause::kRefused, Speaker::kTarget},
      {503, kUnavailable, "ERR_CONNECT_FAIL 110", Cause::kTimedOut, Speaker::kTarget},
      {503, kUnavailable, "ERR_CONNECT_FAIL 113", Cause::kHostUnreachable, Speaker::kTarget},
      {503, kUnavailable, "ERR_CONNECT_FAIL 101", Cause::kNetUnreachable, Speaker::kTarget},
      {503, kUnavailable, "ERR_CONNECT_FAIL 1", Cause::kRefused, Speaker::kTarget},
      {403, "Forbidden", "ERR_ACCESS_DENIED 0", Cause::kForbidden, Speaker::kHop},
      {500, "Unable to connect", "", Cause::kRefused, Speaker::kTarget},
      {403, "Filtered", "", Cause::kForbidden, Speaker::kHop},
  });
}

TEST(HttpCausesTest, KnowsProxyStatusErrorTypes) {
  ExpectRows({
      {502, "", "dns_error", Cause::kHostUnreachable, Speaker::kTarget},
      {502, "", "connection_refused", Cause::kRefused, Speaker::kTarget},
      {504, "", "connection_timeout", Cause::kTimedOut, Speaker::kTarget},
      {502, "", "destination_ip_prohibited", Cause::kForbidden, Speaker::kHop},
      {503, "", "destination_ip_unroutable", Cause::kNetUnreachable, Speaker::kTarget},
  });
}

}  // namespace
}  // namespace protocol
