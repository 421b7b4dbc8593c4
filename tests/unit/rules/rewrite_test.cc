#include "rules/rewrite.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/image_writer.h"
#include "config/pattern_parser.h"

namespace rules {
namespace {

// `to` is HOST, :PORT or HOST:PORT; an address is written without brackets and port.
struct Line {
  const char* from;
  const char* to;
};

class Rewrites {
 public:
  Rewrites(std::initializer_list<Line> lines) {
    config::ImageWriter writer;
    for (const Line& line : lines) {
      config::ParsedPattern from;
      EXPECT_FALSE(config::ParsePattern(line.from, &from)) << line.from;
      config::Rewrite rewrite;
      const std::string to = line.to;
      if (const auto address = base::IpAddress::Parse(to)) {
        rewrite.to_is_address = true;
        rewrite.to_address = *address;
      } else {
        const size_t colon = std::min(to.find(':'), to.size());
        rewrite.to_host = writer.AddText(to.substr(0, colon));
        rewrite.to_port =
            static_cast<uint16_t>(colon < to.size() ? std::stoi(to.substr(colon + 1)) : 0);
      }
      writer.AddRewrite(rewrite, from, line.from);
    }
    image_ = writer.Finish();
    const auto config = config::Config::FromImage(image_);
    EXPECT_TRUE(config.ok());
    config_ = config.value();
  }

  // What `host`, whose real address is `address` if given, becomes; "" where it stays.
  std::string Of(const std::string& host, uint16_t port, const char* address = nullptr) const {
    const auto literal = base::IpAddress::Parse(host);
    const base::Endpoint target =
        literal ? base::Endpoint(*literal, port) : *base::Endpoint::FromName(host, port);
    const auto real = address != nullptr ? base::IpAddress::Parse(address) : std::nullopt;
    const auto result = Rewritten(config_, target, real ? &*real : nullptr);
    std::array<char, base::kMaxEndpointText> text;
    return result ? std::string(result->Text(text)) : std::string();
  }
  // The rewrites that `name` meets on its way, by their numbers.
  std::vector<size_t> Trail(const char* name, uint16_t port) const {
    RewriteTrail trail;
    (void)Rewritten(config_, *base::Endpoint::FromName(name, port), nullptr, &trail);
    std::vector<size_t> out;
    for (size_t i = 0; i < trail.count; ++i) {
      out.push_back(static_cast<size_t>(trail.steps[i] - config_.rewrites().data()));
    }
    return out;
  }
  bool MayTouch(const char* name) const { return MayBeRewritten(config_, name); }

 private:
  std::vector<uint8_t> image_;
  config::Config config_;
};

TEST(RewrittenTest, ReplacesHostAndPort) {
  const Rewrites rewrites({{"git.example:9418", "tunnel.example:1234"}});
  EXPECT_EQ(rewrites.Of("git.example", 9418), "tunnel.example:1234");
  EXPECT_EQ(rewrites.Of("GIT.example.", 9418), "tunnel.example:1234");
  EXPECT_EQ(rewrites.Of("git.example", 22), "");
  EXPECT_EQ(rewrites.Of("a.git.example", 9418), "");
}

TEST(RewrittenTest, KeepsTheSideThatIsNotSaid) {
  const Rewrites rewrites(
      {{"a.example", ":8080"}, {"b.example", "c.example"}, {"d.example", "::1"}});
  EXPECT_EQ(rewrites.Of("a.example", 80), "a.example:8080");
  EXPECT_EQ(rewrites.Of("b.example", 80), "c.example:80");
  EXPECT_EQ(rewrites.Of("d.example", 80), "[::1]:80");
}

TEST(RewrittenTest, MatchesEveryKindOfPattern) {
  const Rewrites rewrites({{".self.example", "r"},
                           {"*.below.example", "r"},
                           {"g*.glob.example", "r"},
                           {"10.0.0.0/8:80-90", "r"},
                           {"[2001:db8::7]:443", "r"},
                           {":9418", "r"}});
  EXPECT_EQ(rewrites.Of("self.example", 1), "r:1");
  EXPECT_EQ(rewrites.Of("a.below.example", 1), "r:1");
  EXPECT_EQ(rewrites.Of("below.example", 1), "");
  EXPECT_EQ(rewrites.Of("git.glob.example", 1), "r:1");
  EXPECT_EQ(rewrites.Of("10.1.2.3", 85), "r:85");
  EXPECT_EQ(rewrites.Of("::ffff:10.1.2.3", 85), "r:85");
  EXPECT_EQ(rewrites.Of("10.1.2.3", 91), "");
  EXPECT_EQ(rewrites.Of("2001:db8::7", 443), "r:443");
  EXPECT_EQ(rewrites.Of("any.example", 9418), "r:9418");
  EXPECT_EQ(rewrites.Of("192.0.2.1", 9418), "r:9418");
}

TEST(RewrittenTest, TellsWhichWereTaken) {
  const Rewrites rewrites({{"c.example", "d.example"}, {"a.example", "b.example"}, {":80", ":81"}});
  EXPECT_EQ(rewrites.Trail("a.example", 80), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(rewrites.Trail("c.example", 443), (std::vector<size_t>{0}));
  EXPECT_EQ(rewrites.Trail("e.example", 443), (std::vector<size_t>{}));
}

TEST(RewrittenTest, TakesTheFirstThatMatches) {
  const Rewrites rewrites({{"a.example:80", "first"}, {"a.example", "second"}});
  EXPECT_EQ(rewrites.Of("a.example", 80), "first:80");
  EXPECT_EQ(rewrites.Of("a.example", 81), "second:81");
}

TEST(RewrittenTest, AsksAboutItsResultAgain) {
  const Rewrites rewrites(
      {{"b.example", "10.0.0.1"}, {"a.example", "b.example"}, {"10.0.0.1", ":7"}});
  EXPECT_EQ(rewrites.Of("a.example", 80), "10.0.0.1:7");
}

TEST(RewrittenTest, TakesEachRewriteOnce) {
  EXPECT_EQ(Rewrites({{"a.example", "a.example:8080"}}).Of("a.example", 80), "a.example:8080");
  EXPECT_EQ(Rewrites({{"a.example", "a.example:80"}}).Of("a.example", 80), "");
  // A circle, which no rules file has.
  EXPECT_EQ(
      Rewrites({{"a.example", "b.example:1"}, {"b.example", "a.example:2"}}).Of("a.example", 80),
      "a.example:2");
}

TEST(RewrittenTest, SeesTheRealAddressOfANameUntilTheHostChanges) {
  const Rewrites rewrites({{"b.example", "c.example"}, {"10.0.0.5:80", ":8080"}});
  EXPECT_EQ(rewrites.Of("a.example", 80, "10.0.0.5"), "a.example:8080");
  EXPECT_EQ(rewrites.Of("a.example", 80), "");
  EXPECT_EQ(rewrites.Of("b.example", 80, "10.0.0.5"), "c.example:80");
}

TEST(MayBeRewrittenTest, LooksAtNamesOnAnyPort) {
  const Rewrites rewrites({{"git.example:9418", "127.0.0.1"}, {"*.x.example:1-5", ":9"}});
  EXPECT_TRUE(rewrites.MayTouch("git.example"));
  EXPECT_TRUE(rewrites.MayTouch("a.x.example"));
  EXPECT_FALSE(rewrites.MayTouch("x.example"));
}

TEST(MayBeRewrittenTest, LeavesOutWhatSeesRealAddresses) {
  const Rewrites rewrites({{":80", ":8080"}, {"10.0.0.0/8", "b.example"}});
  EXPECT_FALSE(rewrites.MayTouch("a.example"));
}

}  // namespace
}  // namespace rules
