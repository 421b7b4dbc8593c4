#include "relay/ssh_words.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chain/fault.h"

namespace relay {
namespace {

using base::Cause;
using Speaker = base::Failure::Speaker;

TEST(SshWordsTest, ReadsWhyAChannelWasNotOpened) {
  const struct {
    const char* line;
    Cause cause;
    Speaker speaker;
    const char* detail;
  } cases[] = {
      {"channel 2: open failed: connect failed: Connection refused\r", Cause::kRefused,
       Speaker::kTarget, ""},
      {"channel 17: open failed: connect failed: No route to host", Cause::kHostUnreachable,
       Speaker::kTarget, ""},
      {"channel 2: open failed: connect failed: Network is unreachable", Cause::kNetUnreachable,
       Speaker::kTarget, ""},
      {"channel 2: open failed: connect failed: Connection timed out", Cause::kTimedOut,
       Speaker::kTarget, ""},
      {"channel 2: open failed: connect failed: Operation timed out", Cause::kTimedOut,
       Speaker::kTarget, ""},
      {"channel 2: open failed: connect failed: Name or service not known", Cause::kHostUnreachable,
       Speaker::kTarget, "Name or service not known"},
      {"channel 2: open failed: connect failed: Temporary failure in name resolution",
       Cause::kHostUnreachable, Speaker::kTarget, "Temporary failure in name resolution"},
      {"channel 2: open failed: connect failed: Permission denied", Cause::kForbidden,
       Speaker::kTarget, "connect failed: Permission denied"},
      {"channel 2: open failed: connect failed: Error connecting: Connection refused",
       Cause::kRefused, Speaker::kTarget, ""},
      {"channel 2: open failed: connect failed", Cause::kHostUnreachable, Speaker::kTarget,
       "connect failed"},
      {"channel 2: open failed: connect failed: ", Cause::kHostUnreachable, Speaker::kTarget,
       "connect failed:"},
      {"channel 2: open failed: administratively prohibited: open failed", Cause::kForbidden,
       Speaker::kHop, "administratively prohibited: open failed"},
      {"channel 2: open failed: unknown channel type: ", Cause::kForbidden, Speaker::kHop,
       "unknown channel type:"},
      {"channel 2: open failed: resource shortage: no more channels", Cause::kForbidden,
       Speaker::kHop, "resource shortage: no more channels"},
  };
  for (const auto& c : cases) {
    const auto failure = ChannelFailure(c.line);
    ASSERT_TRUE(failure) << c.line;
    EXPECT_EQ(failure->cause, c.cause) << c.line;
    EXPECT_EQ(failure->speaker, c.speaker) << c.line;
    EXPECT_EQ(failure->detail_text(), c.detail) << c.line;
  }
}

TEST(SshWordsTest, LeavesOtherLinesAlone) {
  for (const char* line :
       {"", "channel 2: rcvd big packet 40000, maxpack 32768", "open failed: connect failed",
        "Timeout, server 192.0.2.1 not responding.",
        "remote says channel 2: open failed: connect failed: Connection refused"}) {
    EXPECT_FALSE(ChannelFailure(line)) << line;
  }
}

base::Failure Conclusion(const std::vector<std::string>& lines) {
  SshComplaint complaint("bastion");
  for (const std::string& line : lines) {
    complaint.Add(line);
  }
  return complaint.Conclude();
}

TEST(SshComplaintTest, TakesTheLineThatSaysMost) {
  const struct {
    std::vector<std::string> lines;
    Cause cause;
    const char* detail;
  } cases[] = {
      {{"Warning: Permanently added '[127.0.0.1]:22' (ED25519) to the list of known hosts.\r",
        "alice@bastion: Permission denied (publickey,password).\r"},
       Cause::kAuthentication,
       "Permission denied (publickey,password)"},
      {{"Permissions 0644 for '/k' are too open.", "This private key will be ignored.",
        "Load key \"/k\": bad permissions", "a@b: Permission denied (publickey)."},
       Cause::kAuthentication,
       "Permissions 0644 for '/k' are too open"},
      {{"no such identity: /k: No such file or directory", "a@b: Permission denied (publickey)."},
       Cause::kAuthentication,
       "no such identity: /k: No such file or directory"},
      {{"Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures",
        "Disconnected from 192.0.2.1 port 22"},
       Cause::kAuthentication,
       "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures"},
      {{"Host key verification failed."},
       Cause::kSsh,
       "host key not verified: `ssh bastion` once to accept it"},
      {{"No ED25519 host key is known for bastion and you have requested strict checking.",
        "Host key verification failed."},
       Cause::kSsh,
       "host key not verified: `ssh bastion` once to accept it"},
      {{"@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @",
        "Host key verification failed."},
       Cause::kSsh,
       "the key of bastion is not the one that was accepted before"},
      {{"ssh: connect to host 192.0.2.1 port 2222: Connection refused\r"},
       Cause::kRefused,
       "192.0.2.1 port 2222"},
      {{"ssh: connect to host b.example port 22: Connection timed out"},
       Cause::kTimedOut,
       "b.example port 22"},
      {{"ssh: connect to host b.example port 22: No route to host"},
       Cause::kHostUnreachable,
       "b.example port 22"},
      {{"ssh: connect to host b.example port 22: Network is unreachable"},
       Cause::kNetUnreachable,
       "b.example port 22"},
      {{"ssh: connect to host b.example port 22: Permission denied"},
       Cause::kLocal,
       "b.example port 22: Permission denied"},
      {{"ssh: connect to host b.example port 22: Protocol not available"},
       Cause::kHostUnreachable,
       "b.example port 22: Protocol not available"},
      {{"ssh: Could not resolve hostname nosuch: Name or service not known\r"},
       Cause::kNoSuchName,
       "nosuch: Name or service not known"},
      {{"Connection timed out during banner exchange", "Connection to 192.0.2.1 port 22 timed out"},
       Cause::kTimedOut,
       "Connection timed out during banner exchange"},
      {{"kex_exchange_identification: Connection closed by remote host",
        "Connection closed by 192.0.2.1 port 22"},
       Cause::kClosedEarly,
       "kex_exchange_identification: Connection closed by remote host"},
      {{"kex_exchange_identification: banner line contains invalid characters"},
       Cause::kNotTheProtocol,
       "kex_exchange_identification: banner line contains invalid characters"},
      {{"Unable to negotiate with 192.0.2.1 port 22: no matching host key type found. Their "
        "offer: ssh-rsa"},
       Cause::kNotTheProtocol,
       "Unable to negotiate with 192.0.2.1 port 22: no matching host key type found. Their offer: "
       "ssh-r"},
      {{"/c: line 1: Bad configuration option: foo",
        "/c: terminating, 1 bad configuration options"},
       Cause::kSsh,
       "/c: line 1: Bad configuration option: foo"},
      {{"/home/alice/a/rather/long/path/of/folders/that/nobody/would/type/jump.conf: line 117: Bad "
        "configuration option: foo"},
       Cause::kSsh,
       "...ng/path/of/folders/that/nobody/would/type/jump.conf: line 117: Bad configuration "
       "option: foo"},
      {{"Can't open user config file /none: No such file or directory"},
       Cause::kSsh,
       "Can't open user config file /none: No such file or directory"},
      {{"one thing", "", "  another that nobody knows"},
       Cause::kSsh,
       "  another that nobody knows"},
      {{}, Cause::kClosedEarly, "ssh ended without a word"},
  };
  for (const auto& c : cases) {
    const base::Failure failure = Conclusion(c.lines);
    const std::string name = c.lines.empty() ? "nothing" : c.lines.front();
    EXPECT_EQ(failure.cause, c.cause) << name;
    EXPECT_EQ(failure.speaker, Speaker::kHop) << name;
    EXPECT_EQ(failure.detail_text(), c.detail) << name;
  }
}

TEST(SshComplaintTest, TakesAHostThatCantBeReachedForTheHopsOwnFault) {
  for (const char* why : {"No route to host", "Network is unreachable", "Connection refused",
                          "Connection timed out", "Something new"}) {
    const base::Failure failure =
        Conclusion({std::string("ssh: connect to host b.example port 22: ") + why});
    const chain::Fault fault = chain::FaultOf(failure, 1);
    EXPECT_EQ(fault.kind, chain::Fault::Kind::kHop) << why;
  }
  const auto refused = ChannelFailure("channel 2: open failed: connect failed: No route to host");
  EXPECT_EQ(chain::FaultOf(*refused, 1).kind, chain::Fault::Kind::kTarget);
}

}  // namespace
}  // namespace relay
