#include "names/resolv_conf.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace names {
namespace {

std::vector<std::string> Search(const ResolvConf& conf) {
  std::vector<std::string> out;
  for (size_t i = 0; i < conf.search_count(); ++i) {
    out.emplace_back(conf.search(i));
  }
  return out;
}

const char kKubernetes[] =
    "search ci.svc.cluster.local svc.cluster.local cluster.local\n"
    "nameserver 10.96.0.10\n"
    "options ndots:5\n";

TEST(ResolvConfTest, ReadsKubernetesFile) {
  const ResolvConf conf = ParseResolvConf(kKubernetes, "pod");
  EXPECT_EQ(Search(conf), (std::vector<std::string>{"ci.svc.cluster.local", "svc.cluster.local",
                                                    "cluster.local"}));
  EXPECT_EQ(conf.ndots, 5u);
}

TEST(ResolvConfTest, TakesTheLastOfSearchAndDomain) {
  const ResolvConf conf =
      ParseResolvConf("search a.example b.example\ndomain Corp.Example. other\n", "");
  EXPECT_EQ(Search(conf), std::vector<std::string>{"corp.example"});
}

TEST(ResolvConfTest, SkipsCommentsAndKnowsDefaults) {
  const ResolvConf conf = ParseResolvConf("# search x.example\n;domain y.example\n\n", "host");
  EXPECT_EQ(conf.search_count(), 0u);
  EXPECT_EQ(conf.ndots, 1u);
}

TEST(ResolvConfTest, TakesTheHostNamesDomainWhereNoneIsNamed) {
  EXPECT_EQ(Search(ParseResolvConf("", "build7.corp.example")),
            std::vector<std::string>{"corp.example"});
  EXPECT_EQ(ParseResolvConf("search .\n", "build7.corp.example").search_count(), 0u);
}

TEST(ResolvConfTest, LimitsNdotsAsTheResolverDoes) {
  EXPECT_EQ(ParseResolvConf("options ndots:99 rotate\n", "").ndots, 15u);
  EXPECT_EQ(ParseResolvConf("options ndots:\n", "").ndots, 0u);
}

TEST(ResolvConfTest, KeepsNdotsOfBeforeASearchLine) {
  EXPECT_EQ(ParseResolvConf("options ndots:3\nsearch corp.example\n", "").ndots, 3u);
}

TEST(ResolvConfTest, LeavesOutDomainsThatThereIsNoRoomFor) {
  std::string line = "search";
  for (int i = 0; i < 40; ++i) {
    line += " " + std::string(100, static_cast<char>('a' + i % 26));
  }
  const std::vector<std::string> search = Search(ParseResolvConf(line + " x.example", ""));
  ASSERT_EQ(search.size(), 21u);
  EXPECT_EQ(search[19], std::string(100, 't'));
  EXPECT_EQ(search[20], "x.example");
}

TEST(SearchStemTest, FindsTheStemThatASearchDomainWasPutBehind) {
  const ResolvConf conf = ParseResolvConf(kKubernetes, "");
  EXPECT_EQ(SearchStem(conf, "proxy.golang.org.ci.svc.cluster.local"), "proxy.golang.org");
  EXPECT_EQ(SearchStem(conf, "proxy.golang.org.cluster.local"), "proxy.golang.org");
}

TEST(SearchStemTest, TakesALabelWithTheDomainForAName) {
  const ResolvConf conf = ParseResolvConf(kKubernetes, "");
  EXPECT_EQ(SearchStem(conf, "postgres.ci.svc.cluster.local"), "");
  EXPECT_EQ(SearchStem(ParseResolvConf("search corp.example\noptions ndots:5\n", ""),
                       "wiki.corp.example"),
            "");
}

TEST(SearchStemTest, TakesANameForWhatItIsWhereTheStemWouldHaveBeenAskedFirst) {
  const ResolvConf conf = ParseResolvConf("search corp.example\n", "");
  EXPECT_EQ(SearchStem(conf, "git.internal.corp.example"), "");
  EXPECT_EQ(SearchStem(conf, "proxy.golang.org"), "");
  EXPECT_EQ(SearchStem(conf, "corp.example"), "");
  EXPECT_EQ(SearchStem(conf, "a.bcorp.example"), "");
}

}  // namespace
}  // namespace names
