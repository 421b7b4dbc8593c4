#include "engine/event_log.h"

#include <gtest/gtest.h>

#include <string>

#include "config/builder.h"

namespace engine {
namespace {

config::Built TwoHops() {
  config::Inputs inputs;
  inputs.proxy_urls = {"http://proxy.corp.example:8080", "socks5://[fd00::9]:1080"};
  return config::Build(inputs);
}

class EventLogTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(built_.diagnostics.empty());
    config_ = config::Config::FromImage(built_.image).value();
    event_.pid = 4711;
    event_.exe = "go";
    event_.target = *base::Endpoint::FromName("proxy.golang.org", 443);
    event_.decision = {config_.globals().default_route, rules::Reason::kCommandLine, nullptr};
    event_.path = chain::Path::Whole(config_, event_.decision.route);
    event_.connect_ms = 132;
  }

  std::string Line() {
    std::array<char, 6144> buffer;
    return std::string(EventLog(settings_, &config_).Format(event_, buffer));
  }

  config::Built built_ = TwoHops();
  config::Config config_;
  Settings settings_;
  Event event_;
};

TEST_F(EventLogTest, WritesAConnectionWithItsHops) {
  event_.kind = EventKind::kConnect;
  EXPECT_EQ(
      Line(),
      "gochain: proxy.golang.org:443 via http://proxy.corp.example:8080>socks5://[fd00::9]:1080 "
      "connected in 132 ms [go 4711]\n");
}

TEST_F(EventLogTest, NamesTheHopThatFailedAndWhatItCouldNotReach) {
  event_.kind = EventKind::kFail;
  event_.failure = {
      .cause = base::Cause::kRefused, .speaker = base::Failure::Speaker::kTarget, .hop = 1};
  EXPECT_NE(
      Line().find(" failed at socks5://[fd00::9]:1080 (socks5 [fd00::9]:1080): connection refused "
                  "by target [go 4711]\n"),
      std::string::npos)
      << Line();
  event_.failure.hop = 0;
  EXPECT_NE(Line().find(" failed at http://proxy.corp.example:8080 (http proxy.corp.example:8080): "
                        "connection refused by socks5://[fd00::9]:1080 [go 4711]\n"),
            std::string::npos)
      << Line();
}

TEST_F(EventLogTest, WritesDirectDialsAndRejections) {
  event_.decision.route = {config::RouteKind::kDirect, 0};
  event_.path = {};
  event_.kind = EventKind::kFail;
  event_.failure = base::FromConnectErrno(110);
  EXPECT_EQ(Line(), "gochain: proxy.golang.org:443 direct failed: timed out [go 4711]\n");
  event_.decision = {{config::RouteKind::kReject, 0}, rules::Reason::kDefault, nullptr};
  event_.kind = EventKind::kReject;
  EXPECT_EQ(Line(), "gochain: proxy.golang.org:443 rejected by default [go 4711]\n");
}

TEST_F(EventLogTest, WritesOneJsonObjectALine) {
  settings_.log_format = LogFormat::kJson;
  event_.kind = EventKind::kConnect;
  event_.exe = "a\"b\\c\n";
  // What is there beside the time, which is checked for its shape.
  const std::string line = Line();
  const std::string before = "{\"event\":\"connect\",\"time\":\"";
  const std::string after =
      "\",\"pid\":4711,\"exe\":\"a\\\"b\\\\c\\u000a\",\"target\":\"proxy.golang.org:443\","
      "\"rewritten\":null,\"route\":\"cmdline\",\"rule\":\"command line\","
      "\"hops\":[\"http://proxy.corp.example:8080\",\"socks5://[fd00::9]:1080\"],"
      "\"door\":\"preload\",\"connect_ms\":132}\n";
  const std::string shape = "20dd-dd-ddTdd:dd:dd.dddZ";
  ASSERT_EQ(line.substr(0, before.size()), before);
  ASSERT_EQ(line.substr(before.size() + shape.size()), after);
  for (size_t i = 0; i < shape.size(); ++i) {
    const char c = line[before.size() + i];
    EXPECT_TRUE(shape[i] == 'd' ? c >= '0' && c <= '9' : c == shape[i]) << line;
  }
}

TEST_F(EventLogTest, SaysWhatATargetWasRewrittenTo) {
  event_.rewritten = base::Endpoint(*base::IpAddress::Parse("127.0.0.1"), 9418);
  event_.decision.route = {config::RouteKind::kDirect, 0};
  event_.path = {};
  EXPECT_EQ(Line(),
            "gochain: proxy.golang.org:443 => 127.0.0.1:9418 direct connected in 132 ms "
            "[go 4711]\n");
  settings_.log_format = LogFormat::kJson;
  EXPECT_NE(Line().find("\"target\":\"proxy.golang.org:443\",\"rewritten\":\"127.0.0.1:9418\","),
            std::string::npos)
      << Line();
}

TEST_F(EventLogTest, SaysNothingOfAProgramThatNobodyKnows) {
  event_.kind = EventKind::kReject;
  event_.door = Door::kListen;
  event_.pid = 0;
  event_.exe = "";
  EXPECT_EQ(Line(), "gochain: proxy.golang.org:443 rejected by command line\n");
  settings_.log_format = LogFormat::kJson;
  EXPECT_NE(Line().find("\"pid\":0,\"exe\":\"\","), std::string::npos) << Line();
  EXPECT_NE(Line().find("\"door\":\"listen\","), std::string::npos) << Line();
}

TEST_F(EventLogTest, PutsCauseErrnoAndHopIntoAFailuresObject) {
  settings_.log_format = LogFormat::kJson;
  event_.kind = EventKind::kFail;
  event_.door = Door::kSupervise;
  event_.failure = {.cause = base::Cause::kTimedOut, .hop = 1};
  EXPECT_NE(Line().find("\"door\":\"supervise\",\"error\":\"timed out\",\"errno\":110,"
                        "\"hop\":\"socks5://[fd00::9]:1080\""),
            std::string::npos)
      << Line();
}

}  // namespace
}  // namespace engine
