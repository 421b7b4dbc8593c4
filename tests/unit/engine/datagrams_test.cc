#include "engine/datagrams.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "engine/lookup.h"
#include "rules_session.h"

namespace engine {
namespace {

constexpr const char* kRules =
    "default = far\n"
    "[proxy far]\nurl = socks5://192.0.2.9\n"
    "[rules]\n"
    "reject = 10.6.6.0/24 bad.example\n"
    "direct = 10.9.0.0/16 *.corp.example web.example:443 192.0.2.53\n"
    "[rewrite tunnel]\nfrom = :9418\nto = 127.0.0.1:19418\n";

class DatagramsTest : public testing::Test {
 protected:
  static Session Make(const std::string& udp) {
    return SessionOf("[gochain]\n" + (udp.empty() ? "" : "udp = " + udp + "\n") + kRules);
  }
  static DatagramVerdict Judge(Session& session, const base::IpAddress& address, uint16_t port) {
    return JudgeDatagram(session, {address, port}, "x").verdict;
  }
  DatagramVerdict Blocking(const char* address, uint16_t port) {
    return Judge(blocks_, Ip(address), port);
  }
  DatagramVerdict Direct(const char* address, uint16_t port) {
    return Judge(direct_, Ip(address), port);
  }

  Session blocks_ = Make("");
  Session direct_ = Make("direct");
};

TEST_F(DatagramsTest, BlocksThoseOfTargetsThatProxiesAreFor) {
  EXPECT_EQ(Blocking("192.0.2.7", 443), DatagramVerdict::kBlocked);
  EXPECT_EQ(Blocking("192.0.2.7", 0), DatagramVerdict::kBlocked);
  EXPECT_EQ(Blocking("2001:db8::7", 443), DatagramVerdict::kBlocked);
  Session said = Make("block");
  EXPECT_EQ(Judge(said, Ip("192.0.2.7"), 443), DatagramVerdict::kBlocked);
}

TEST_F(DatagramsTest, SendsWhereTheRouteIsDirect) {
  for (const char* const address : {"127.0.0.1", "::1", "0.0.0.0", "10.9.1.1"}) {
    EXPECT_EQ(Blocking(address, 443), DatagramVerdict::kSend) << address;
    EXPECT_EQ(Direct(address, 443), DatagramVerdict::kSend) << address;
  }
  EXPECT_EQ(Blocking("192.0.2.53", 53), DatagramVerdict::kSend);
}

TEST_F(DatagramsTest, SendsPastProxiesWhereAsked) {
  EXPECT_EQ(Direct("192.0.2.7", 443), DatagramVerdict::kSend);
  EXPECT_EQ(Direct("192.0.2.7", 0), DatagramVerdict::kSend);
  EXPECT_EQ(Direct("2001:db8::7", 443), DatagramVerdict::kSend);
}

TEST_F(DatagramsTest, AsksNobodyForNamesPastGochain) {
  EXPECT_EQ(Direct("192.0.2.7", 53), DatagramVerdict::kDns);
  EXPECT_EQ(Blocking("192.0.2.7", 53), DatagramVerdict::kDns);
}

TEST_F(DatagramsTest, RejectsWhatRulesReject) {
  for (Session* const session : {&blocks_, &direct_}) {
    EXPECT_EQ(Judge(*session, Ip("10.6.6.1"), 443), DatagramVerdict::kRejected);
    EXPECT_EQ(Judge(*session, *session->names().AddressOf("bad.example"), 443),
              DatagramVerdict::kRejected);
  }
}

TEST_F(DatagramsTest, SendsNothingToAMadeUpAddress) {
  for (Session* const session : {&blocks_, &direct_}) {
    for (const char* const name : {"far.example", "web.example"}) {
      const auto judgement = JudgeDatagram(*session, {*session->names().AddressOf(name), 443}, "x");
      EXPECT_EQ(judgement.verdict, DatagramVerdict::kNoAddress) << name;
      EXPECT_EQ(judgement.target, base::Endpoint::FromName(name, 443));
    }
  }
}

TEST_F(DatagramsTest, RewritesNone) {
  EXPECT_EQ(Blocking("10.9.1.1", 9418), DatagramVerdict::kRewritten);
  EXPECT_EQ(Direct("192.0.2.7", 9418), DatagramVerdict::kRewritten);
}

TEST_F(DatagramsTest, TellsConnectsThatSendFromThoseThatSort) {
  EXPECT_TRUE(ConnectSendsNothing(IPPROTO_UDP));
  EXPECT_TRUE(ConnectSendsNothing(IPPROTO_ICMP));
  EXPECT_FALSE(ConnectSendsNothing(IPPROTO_SCTP));
  EXPECT_TRUE(IsForSorting(9));
  EXPECT_FALSE(IsForSorting(443));
}

class BlockedDatagramsTest : public testing::Test {
 protected:
  BlockedDatagramsTest() : file_(memfd_create("log", MFD_CLOEXEC)) {
    const std::string path = "/proc/self/fd/" + std::to_string(file_);
    std::memcpy(settings_.log_file.data(), path.c_str(), path.size() + 1);
  }
  ~BlockedDatagramsTest() override { close(file_); }

  void Say(const std::string& address, uint16_t port,
           DatagramVerdict verdict = DatagramVerdict::kBlocked, int protocol = IPPROTO_UDP,
           LogLevel level = LogLevel::kWarn) {
    said_.Say(EventLog(settings_, nullptr), level,
              {{verdict, {Ip(address), port}}, protocol, "prog", 42});
  }
  // What was written since the last call.
  std::string Lines() {
    std::string out(1 << 16, '\0');
    const ssize_t size = pread(file_, out.data(), out.size(), at_);
    out.resize(size > 0 ? static_cast<size_t>(size) : 0);
    at_ += size;
    return out;
  }

  Settings settings_;
  BlockedDatagrams said_;
  int file_;
  off_t at_ = 0;
};

TEST_F(BlockedDatagramsTest, SaysWhatToDo) {
  Say("192.0.2.7", 443);
  EXPECT_EQ(Lines(),
            "gochain: UDP to 192.0.2.7:443 is blocked: no proxy carries it; \"udp = direct\" in "
            "[gochain] lets it out, or a rule that says direct [prog 42]\n");
  Say("192.0.2.8", 0, DatagramVerdict::kRejected, IPPROTO_ICMP);
  EXPECT_EQ(Lines(), "gochain: ICMP to 192.0.2.8 is blocked: its route is reject [prog 42]\n");
  Say("192.0.2.9", 0, DatagramVerdict::kNoRules, 47);
  EXPECT_EQ(Lines(), "gochain: IP protocol 47 to 192.0.2.9 is blocked [prog 42]\n");
}

TEST_F(BlockedDatagramsTest, SaysItOnceATarget) {
  Say("192.0.2.7", 443);
  EXPECT_NE(Lines(), "");
  Say("192.0.2.7", 443);
  EXPECT_EQ(Lines(), "");
  Say("192.0.2.7", 444);
  EXPECT_NE(Lines(), "");
}

TEST_F(BlockedDatagramsTest, CountsNoneThatTheLogLeavesOut) {
  Say("192.0.2.7", 443, DatagramVerdict::kBlocked, IPPROTO_UDP, LogLevel::kInfo);
  EXPECT_EQ(Lines(), "");
  Say("192.0.2.7", 443);
  EXPECT_NE(Lines(), "");
}

TEST_F(BlockedDatagramsTest, FallsSilentAfterManyTargets) {
  for (uint16_t port = 1; port <= 2 * BlockedDatagrams::kMaxTargets; ++port) {
    Say("192.0.2.7", port);
  }
  const std::string lines = Lines();
  EXPECT_EQ(static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n')),
            BlockedDatagrams::kMaxTargets);
}

}  // namespace
}  // namespace engine
