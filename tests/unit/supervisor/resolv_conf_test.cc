#include "supervisor/resolv_conf.h"

#include <gtest/gtest.h>

namespace supervisor {
namespace {

const char kKubernetes[] =
    "search ci.svc.cluster.local svc.cluster.local cluster.local\n"
    "nameserver 10.96.0.10\n"
    "options ndots:5\n";

TEST(ResolvConfTest, ReadsKubernetesFile) {
  const ResolvConf conf = ParseResolvConf(kKubernetes, "pod");
  EXPECT_EQ(conf.search, (std::vector<std::string>{"ci.svc.cluster.local", "svc.cluster.local",
                                                   "cluster.local"}));
  EXPECT_EQ(conf.ndots, 5u);
}

TEST(ResolvConfTest, TakesTheLastOfSearchAndDomain) {
  const ResolvConf conf =
      ParseResolvConf("search a.example b.example\ndomain Corp.Example. other\n", "");
  EXPECT_EQ(conf.search, std::vector<std::string>{"corp.example"});
}

TEST(ResolvConfTest, SkipsCommentsAndKnowsDefaults) {
  const ResolvConf conf = ParseResolvConf("# search x.example\n;domain y.example\n\n", "host");
  EXPECT_TRUE(conf.search.empty());
  EXPECT_EQ(conf.ndots, 1u);
}

TEST(ResolvConfTest, TakesTheHostNamesDomainWhereNoneIsNamed) {
  EXPECT_EQ(ParseResolvConf("", "build7.corp.example").search,
            std::vector<std::string>{"corp.example"});
  EXPECT_TRUE(ParseResolvConf("search .\n", "build7.corp.example").search.empty());
}

TEST(ResolvConfTest, LimitsNdotsAsTheResolverDoes) {
  EXPECT_EQ(ParseResolvConf("options ndots:99 rotate\n", "").ndots, 15u);
  EXPECT_EQ(ParseResolvConf("options ndots:\n", "").ndots, 0u);
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
}  // namespace supervisor
