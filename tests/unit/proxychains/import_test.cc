#include "proxychains/import.h"

#include <gtest/gtest.h>

#include <string>

#include "../config/rules_text.h"

namespace proxychains {
namespace {

constexpr const char* kLoopbackRule =
    "# To proxychains loopback is a target like others. Without this rule it is direct.\n";

// What a conf becomes: the rules without their first line, then the warnings.
std::string Translate(const std::string& text) {
  const Imported imported = Import("pc.conf", text);
  constexpr std::string_view kHead = "# From pc.conf, by gochain --import.\n";
  std::string out = imported.rules;
  if (!out.empty()) {
    EXPECT_TRUE(out.starts_with(kHead)) << out;
    out = out.substr(kHead.size());
    EXPECT_EQ(config::BuiltText(out).Complaints(), "") << out;
  }
  for (const std::string& warning : imported.warnings) {
    out += "! " + warning + "\n";
  }
  return out;
}

// The text between two marks of the translation, `from` included.
std::string Part(const std::string& text, const std::string& from, const std::string& to) {
  const std::string whole = Translate(text);
  const size_t begin = whole.find(from);
  if (begin == std::string::npos) {
    return whole;
  }
  return whole.substr(begin, whole.find(to, begin) - begin);
}

std::string Remarks(const std::string& text) { return Part(text, "#\n", "\n[gochain]"); }
std::string Settings(const std::string& text) { return Part(text, "[gochain]", "\n\n"); }
std::string Proxies(const std::string& text) { return Part(text, "[proxy proxy1]", "[rules]"); }
std::string Rules(const std::string& text) { return Part(text, "[rules]", kLoopbackRule); }

const std::string kOneProxy = "strict_chain\nproxy_dns\n[ProxyList]\nsocks5 127.0.0.1 1080\n";

TEST(ImportTest, WritesAWholeFile) {
  EXPECT_EQ(Translate("# chains\n"
                      "strict_chain\n"
                      "proxy_dns\n"
                      "remote_dns_subnet 224\n"
                      "tcp_read_time_out 15000\n"
                      "tcp_connect_time_out 8000\n"
                      "\n"
                      "localnet 127.0.0.0/255.0.0.0\n"
                      "localnet ::1/128\n"
                      "localnet 10.0.0.0/255.0.0.0\n"
                      "[ProxyList]\n"
                      "# the list\n"
                      "http\t10.1.2.3 8080\talice  se:c@ret%\n"
                      "socks5 192.0.2.7 1080\n"),
            "# It has passwords in it: keep others from reading it (chmod 600).\n"
            "#\n"
            "# What is other than there:\n"
            "# pc.conf: names of /etc/hosts go to the proxies as names, and localnet doesn't see "
            "their\n"
            "#   addresses: repeat them in [hosts]\n"
            "# pc.conf:4: remote_dns_subnet: made-up addresses are always of 198.19.0.0/16\n"
            "# pc.conf:6: tcp_connect_time_out: a hop has one limit for its connect and its answer "
            "together;\n"
            "#   the longer one, 15 s, is taken\n"
            "\n"
            "[gochain]\n"
            "default = proxychains\n"
            "dns = remote\n"
            "connect_timeout = 15\n"
            "\n"
            "[proxy proxy1]\n"
            "url = http://alice:se%3Ac%40ret%25@10.1.2.3:8080\n"
            "\n"
            "[proxy proxy2]\n"
            "url = socks5://192.0.2.7:1080\n"
            "\n"
            "[chain proxychains]\n"
            "hops = proxy1 proxy2\n"
            "\n"
            "[rules]\n"
            "direct = 127.0.0.0/8\n"
            "  ::1\n"
            "  10.0.0.0/8\n");
}

TEST(ImportTest, TakesCarriageReturnsBlanksAndAByteOrderMark) {
  EXPECT_EQ(Translate("\xef\xbb\xbfstrict_chain\r\n\r\n \tproxy_dns \r\n\t# no\r\n[ProxyList] \r\n"
                      "\tsocks5\t127.0.0.1  1080 \r\n"),
            Translate(kOneProxy));
}

TEST(ImportTest, LooksNamesUpHereWithoutProxyDns) {
  EXPECT_EQ(Settings("strict_chain\n[ProxyList]\nsocks5 127.0.0.1 1080\n"),
            "[gochain]\ndefault = proxychains\ndns = local\nconnect_timeout = 10");
  EXPECT_EQ(Settings(kOneProxy),
            "[gochain]\ndefault = proxychains\ndns = remote\nconnect_timeout = 10");
}

TEST(ImportTest, LooksNamesUpByTheProxyWithItsOtherForms) {
  EXPECT_EQ(Remarks("proxy_dns_old\n[ProxyList]\nhttp 192.0.2.7 80\n"),
            "#\n# What is other than there:\n"
            "# pc.conf:1: proxy_dns_old: the last proxy looks names up, without proxyresolv; so "
            "localnet and\n"
            "#   dnat don't see their addresses\n");
  const std::string daemon = "proxy_dns_daemon 127.0.0.1:1053\n[ProxyList]\nhttp 192.0.2.7 80\n";
  EXPECT_EQ(Remarks(daemon),
            "#\n# What is other than there:\n"
            "# pc.conf:1: proxy_dns_daemon: the last proxy looks names up, and no daemon is "
            "needed\n");
  EXPECT_NE(Settings(daemon).find("dns = remote"), std::string::npos);
}

TEST(ImportTest, TakesTheLongerTimeoutInSeconds) {
  const auto timeout = [](const std::string& lines) {
    const std::string text = Settings(lines + kOneProxy);
    return text.substr(text.rfind(' ') + 1);
  };
  EXPECT_EQ(timeout(""), "10");
  EXPECT_EQ(timeout("tcp_connect_time_out 500\ntcp_read_time_out 1500\n"), "1.5");
  EXPECT_EQ(timeout("tcp_connect_time_out 60000\n"), "60");
  EXPECT_EQ(timeout("tcp_connect_time_out 1234567\n"), "1234.567");
  EXPECT_EQ(timeout("tcp_connect_time_out 99999999\n"), "3600");
  EXPECT_EQ(timeout("tcp_connect_time_out soon\n! "), "10");
  EXPECT_EQ(Remarks("tcp_connect_time_out 0\ntcp_read_time_out 99999999\n" + kOneProxy),
            "#\n# What is other than there:\n"
            "# pc.conf:1: bad tcp_connect_time_out '0': milliseconds above 0 are needed\n"
            "# pc.conf:2: connect_timeout is at most 3600 s\n");
}

TEST(ImportTest, SaysWhatQuietModeIsHere) {
  EXPECT_EQ(Remarks("quiet_mode\n" + kOneProxy),
            "#\n# What is other than there:\n"
            "# pc.conf:1: quiet_mode: only connections that fail are told of; -q silences these "
            "too\n");
}

TEST(ImportTest, KeepsTheMode) {
  const std::string list = "[ProxyList]\nhttp 192.0.2.1 80\nhttp 192.0.2.2 80\nhttp 192.0.2.3 80\n";
  const std::string hops = "hops = proxy1 proxy2 proxy3\n";
  const auto chain = [&](const std::string& directives) {
    const std::string sections = Proxies(directives + list);
    return sections.substr(sections.find("[chain"));
  };
  EXPECT_EQ(chain("dynamic_chain\n"), "[chain proxychains]\n" + hops + "mode = dynamic\n\n");
  EXPECT_EQ(chain(""), "[chain proxychains]\n" + hops + "mode = dynamic\n\n");
  EXPECT_EQ(chain("strict_chain\n"), "[chain proxychains]\n" + hops + "\n");
  EXPECT_EQ(chain("random_chain\nchain_len = 2\n"),
            "[chain proxychains]\n" + hops + "mode = random\nlength = 2\n\n");
  EXPECT_EQ(chain("random_chain\n"),
            "[chain proxychains]\n" + hops + "mode = random\nlength = 1\n\n");
  EXPECT_EQ(chain("round_robin_chain\nchain_len=2\n"),
            "[chain proxychains]\n" + hops + "mode = round_robin\nlength = 2\n\n");
  EXPECT_TRUE(Import("pc.conf", list).warnings.empty());
}

TEST(ImportTest, DrawsFromTheFirstSixteen) {
  std::string conf = "random_chain\nchain_len = 3\n[ProxyList]\n";
  for (int i = 1; i <= 18; ++i) {
    conf += "http 192.0.2." + std::to_string(i) + " 80\n";
  }
  EXPECT_EQ(Import("pc.conf", conf).warnings,
            std::vector<std::string>{"pc.conf: warning: random_chain: a chain has at most 16 hops: "
                                     "the other 2 are left out"});
  EXPECT_NE(Proxies(conf).find(" proxy15 proxy16\nmode = random\nlength = 3\n"), std::string::npos);
}

TEST(ImportTest, SaysWhereChainLenCountsForNothingOrTooMuch) {
  EXPECT_EQ(Remarks("chain_len = 2\n" + kOneProxy),
            "#\n# What is other than there:\n# pc.conf:1: chain_len: it says nothing with "
            "strict_chain\n");
  EXPECT_EQ(Remarks("random_chain\nchain_len = 2\n[ProxyList]\nhttp 192.0.2.1 80\n"),
            "#\n# What is other than there:\n# pc.conf:2: chain_len: there are only 1 proxies\n");
  EXPECT_EQ(Remarks("chain_len 2\n" + kOneProxy),
            "#\n# What is other than there:\n# pc.conf:1: bad chain_len '2': '= NUMBER' is "
            "needed\n");
}

TEST(ImportTest, TakesEveryFormOfLocalnet) {
  EXPECT_EQ(Rules("localnet 192.168.7.0/255.255.255.0\n"
                  "localnet 192.168.9.200/24\n"
                  "localnet 10.0.0.0:80/255.0.0.0\n"
                  "localnet 172.16.0.0:443/12\n"
                  "localnet 192.0.2.7/32\n"
                  "localnet 192.0.2.8:22/32\n"
                  "localnet 0.0.0.0:25/0.0.0.0\n"
                  "localnet fd00::1:2/8\n"
                  "localnet [fd00::]:80/8\n"
                  "localnet [2001:db8::1]:0/128\n"
                  "localnet [2001:db8::1]:22/128\n"
                  "localnet [::]:587/0\n" +
                  kOneProxy),
            "[rules]\n"
            "direct = 192.168.7.0/24\n"
            "  192.168.9.0/24\n"
            "  10.0.0.0/8:80\n"
            "  172.16.0.0/12:443\n"
            "  192.0.2.7\n"
            "  192.0.2.8:22\n"
            "  0.0.0.0/0:25\n"
            "  127.0.0.0/8:25\n"
            "  .localhost:25\n"
            "  fd00::/8\n"
            "  fd00::/8:80\n"
            "  2001:db8::1\n"
            "  [2001:db8::1]:22\n"
            "  ::/0:587\n"
            "  [::1]:587\n");
}

TEST(ImportTest, SendsLoopbackToTheProxiesUnlessALocalnetNamesIt) {
  const auto rules = [](const std::string& lines) {
    return Part(lines + kOneProxy, "[rules]", "\xff");
  };
  const std::string head = "[rules]\n";
  EXPECT_EQ(rules(""), head + kLoopbackRule + "proxychains = @loopback\n");
  EXPECT_EQ(rules("localnet 127.0.0.0/255.0.0.0\n"),
            head + "direct = 127.0.0.0/8\n" + kLoopbackRule + "proxychains = ::1\n");
  EXPECT_EQ(rules("localnet ::1/128\n"),
            head + "direct = ::1\n" + kLoopbackRule + "proxychains = 127.0.0.0/8 .localhost\n");
  EXPECT_EQ(rules("localnet 127.0.0.0/8\nlocalnet ::1/128\n"),
            head + "direct = 127.0.0.0/8\n  ::1\n");
  EXPECT_EQ(rules("localnet 127.0.0.1:80/32\n"), head + "direct = 127.0.0.1:80\n  .localhost:80\n" +
                                                     kLoopbackRule + "proxychains = @loopback\n");
}

TEST(ImportTest, LeavesOutNetworksThatAreNone) {
  EXPECT_EQ(Remarks("localnet 10.0.0.0/255.0.255.0\n"
                    "localnet ::ffff:10.0.0.0/104\n"
                    "localnet 10.0.0.0\n"
                    "localnet 10.0.0.0/33\n"
                    "localnet here/8\n"
                    "localnet 10.0.0.0/255.0.0.0 # mine\n" +
                    kOneProxy),
            "#\n# What is other than there:\n"
            "# pc.conf:1: localnet 10.0.0.0/255.0.255.0: left out: no network has a mask with a 0 "
            "before a 1\n"
            "# pc.conf:2: localnet ::ffff:10.0.0.0/104: left out: proxychains takes IPv4-mapped "
            "addresses for\n"
            "#   IPv4, so that it has no target\n"
            "# pc.conf:3: bad localnet '10.0.0.0': ADDRESS/MASK or ADDRESS:PORT/MASK is needed\n"
            "# pc.conf:4: bad localnet '10.0.0.0/33': its mask is neither one nor a prefix length\n"
            "# pc.conf:5: bad localnet 'here/8': ADDRESS/MASK or ADDRESS:PORT/MASK is needed\n"
            "# pc.conf:6: bad localnet '10.0.0.0/255.0.0.0 # mine': its mask is neither one nor a "
            "prefix length\n");
}

TEST(ImportTest, MakesRewritesOfDnatsThoseWithAPortFirst) {
  EXPECT_EQ(Part("dnat 192.0.2.1 192.0.2.9\n"
                 "dnat 192.0.2.2  192.0.2.9:443\n"
                 "dnat 192.0.2.1:80\t192.0.2.8:8080\n"
                 "dnat 192.0.2.3:443 192.0.2.8\n" +
                     kOneProxy,
                 "\n[rewrite", "!"),
            "\n[rewrite dnat1]\nfrom = 192.0.2.1:80\nto = 192.0.2.8:8080\n"
            "\n[rewrite dnat2]\nfrom = 192.0.2.3:443\nto = 192.0.2.8\n"
            "\n[rewrite dnat3]\nfrom = 192.0.2.1\nto = 192.0.2.9\n"
            "\n[rewrite dnat4]\nfrom = 192.0.2.2\nto = 192.0.2.9:443\n");
}

TEST(ImportTest, LeavesOutDnatsWhoseResultsWouldBeRewrittenAgain) {
  EXPECT_EQ(Remarks("dnat 192.0.2.1 192.0.2.2\n"
                    "dnat 192.0.2.2:80 192.0.2.3\n"
                    "dnat 192.0.2.3 192.0.2.1:22\n"
                    "dnat 192.0.2.4 192.0.2.2:443\n"
                    "dnat 192.0.2.4 192.0.2.5\n"
                    "dnat 192.0.2.6 192.0.2.6:443\n"
                    "dnat 192.0.2.7\n"
                    "dnat 192.0.2.7 ::1\n"
                    "dnat 192.0.2.7:x 192.0.2.8\n" +
                    kOneProxy),
            "#\n# What is other than there:\n"
            "# pc.conf:1: dnat 192.0.2.1: left out: a result is asked again here, and line 2 would "
            "change it\n"
            "#   once more\n"
            "# pc.conf:2: dnat 192.0.2.2:80: left out: a result is asked again here, and line 3 "
            "would change it\n"
            "#   once more\n"
            "# pc.conf:3: dnat 192.0.2.3: left out: a result is asked again here, and line 1 would "
            "change it\n"
            "#   once more\n"
            "# pc.conf:5: dnat 192.0.2.4: left out: line 4 takes it first\n"
            "# pc.conf:7: bad dnat: two IPv4 addresses, each with or without ':PORT', are needed\n"
            "# pc.conf:8: bad dnat: two IPv4 addresses, each with or without ':PORT', are needed\n"
            "# pc.conf:9: bad dnat: two IPv4 addresses, each with or without ':PORT', are "
            "needed\n");
}

TEST(ImportTest, WarnsOfDnatsThatLocalnetsUndo) {
  EXPECT_EQ(Part("localnet 10.0.0.0:80/8\nlocalnet 10.1.0.0/16\n"
                 "dnat 192.0.2.1:22 10.0.0.1\n"
                 "dnat 192.0.2.2 10.0.0.1\n"
                 "dnat 192.0.2.3:22 10.1.0.1\n"
                 "dnat 192.0.2.4 10.0.0.1:443\n" +
                     kOneProxy,
                 "! ", "\xff"),
            "! pc.conf:4: warning: dnat 192.0.2.2: the localnet of line 1 takes the result, so "
            "that proxychains goes straight to the original; gochain goes to the result\n"
            "! pc.conf:5: warning: dnat 192.0.2.3:22: the localnet of line 2 takes the result, so "
            "that proxychains goes straight to the original; gochain goes to the result\n");
}

TEST(ImportTest, SaysThatDnatsDontSeeNamesAddresses) {
  EXPECT_EQ(Remarks("dnat 192.0.2.1 192.0.2.2\n[ProxyList]\nhttp 192.0.2.7 80\n"),
            "#\n# What is other than there:\n"
            "# pc.conf:1: dnat: a program's own addresses are rewritten, not those that names turn "
            "out to have\n");
}

TEST(ImportTest, TakesEveryFormOfAProxy) {
  EXPECT_EQ(Proxies("strict_chain\n[ProxyList]\n"
                    "socks5 127.0.0.1 1080 alice\n"
                    "http 2001:db8::1 8080 # the office's\n"
                    "socks5 far.example 1080 b\xc3\xb6 ${X}/?# more\n"
                    "http://bob:a:b@192.0.2.7:3128\n"
                    "socks5://192.0.2.8:1080\n"),
            "[proxy proxy1]\nurl = socks5://alice@127.0.0.1:1080\n\n"
            "[proxy proxy2]\nurl = http://[2001:db8::1]:8080\n\n"
            "[proxy proxy3]\nurl = socks5://b%C3%B6:%24%7BX%7D%2F%3F%23@far.example:1080\n\n"
            "[proxy proxy4]\nurl = http://bob:a%3Ab@192.0.2.7:3128\n\n"
            "[proxy proxy5]\nurl = socks5://192.0.2.8:1080\n\n"
            "[chain proxychains]\nhops = proxy1 proxy2 proxy3 proxy4 proxy5\n\n");
}

// A chain without one of its hops is another way out.
TEST(ImportTest, RejectsWhereAHopCantBeHad) {
  const std::string warning =
      "! pc.conf: warning: default = reject: not every proxy of the chain can be had, and nothing "
      "may go round it\n";
  const auto warnings = [](const std::string& line) {
    const std::string conf = "strict_chain\n[ProxyList]\nsocks5 192.0.2.1 1080\n" + line;
    EXPECT_NE(Settings(conf).find("default = reject\n"), std::string::npos);
    EXPECT_EQ(Proxies(conf), "[proxy proxy1]\nurl = socks5://192.0.2.1:1080\n\n");
    return Part(conf, "! ", "\xff");
  };
  EXPECT_EQ(warnings("raw 192.0.2.7 80"),
            warning +
                "! pc.conf:4: warning: raw: no proxy of gochain's takes each connection for its "
                "own, whatever the target\n");
  EXPECT_EQ(warnings("SOCKS5 192.0.2.7 80"),
            warning +
                "! pc.conf:4: warning: unknown type of proxy: http, socks4, socks5 or raw is "
                "needed\n");
  EXPECT_EQ(warnings("http 192.0.2.7 80 al:ice secret"),
            warning +
                "! pc.conf:4: warning: the proxy URL 'http://al%3Aice:***@192.0.2.7:80' has a ':' "
                "in its user, which HTTP can't send\n");
  EXPECT_EQ(warnings("http 192.0.2.7 80 alice " + std::string(180, 's')),
            warning +
                "! pc.conf:4: warning: its URL is longer than a line of a rules file can be, 198 "
                "bytes\n");
  for (const char* const bad :
       {"socks5 192.0.2.7", "secret", "http://secret", "socks5 a 0", "a b 1x"}) {
    EXPECT_EQ(
        warnings(bad),
        warning + "! pc.conf:4: warning: no proxy: TYPE HOST PORT [USER PASSWORD] is needed\n");
  }
}

TEST(ImportTest, TakesSocks4ForWhatAlsoTakesNames) {
  EXPECT_EQ(Proxies("strict_chain\n[ProxyList]\nsocks4 192.0.2.1 1080 alice secret\n"),
            "[proxy proxy1]\nurl = socks4a://alice@192.0.2.1:1080\n\n[chain proxychains]\nhops = "
            "proxy1\n\n");
}

TEST(ImportTest, PassesAProxyOverWhereTheModeMayToo) {
  const std::string conf = "random_chain\n[ProxyList]\nraw 192.0.2.1 1080\nhttp 192.0.2.2 80\n";
  EXPECT_NE(Settings(conf).find("default = proxychains\n"), std::string::npos);
  EXPECT_EQ(Proxies(conf),
            "[proxy proxy1]\nurl = http://192.0.2.2:80\n\n[chain proxychains]\nhops = proxy1\n\n");
}

TEST(ImportTest, RejectsWhereTheChainIsTooLong) {
  std::string conf = "strict_chain\n[ProxyList]\n";
  for (int i = 1; i <= 16; ++i) {
    conf += "http 192.0.2." + std::to_string(i) + " 80\n";
  }
  EXPECT_NE(Settings(conf).find("default = proxychains\n"), std::string::npos);
  conf += "http 192.0.2.17 80\n";
  EXPECT_NE(Settings(conf).find("default = reject\n"), std::string::npos);
  EXPECT_EQ(Part(conf, "! ", "\xff"),
            "! pc.conf: warning: default = reject: a chain has at most 16 hops, and this one 17\n");
}

TEST(ImportTest, WarnsOfUnknownDirectives) {
  EXPECT_EQ(Part("stric_chain\nfoo bar secret\nstrict_chain # the default\n\x1b[2J\n" + kOneProxy,
                 "! ", "\xff"),
            "! pc.conf:1: warning: unknown directive 'stric_chain' (did you mean 'strict_chain'?)\n"
            "! pc.conf:2: warning: unknown directive 'foo'\n"
            "! pc.conf:3: warning: 'strict_chain' stands alone on its line, or proxychains passes "
            "it over\n"
            "! pc.conf:4: warning: unknown directive '?[2J'\n");
  EXPECT_EQ(Remarks("foo\n" + kOneProxy),
            "#\n# What is other than there:\n# pc.conf:1: unknown directive 'foo'\n");
}

TEST(ImportTest, MakesNothingOfAFileWithoutProxies) {
  for (const char* const text : {"", "strict_chain\n[ProxyList]\n", "socks5 127.0.0.1 1080\n"}) {
    EXPECT_EQ(Import("pc.conf", text).rules, "");
  }
  EXPECT_EQ(Import("pc.conf", "socks5 127.0.0.1 1080 alice secret\n").warnings,
            std::vector<std::string>{"pc.conf:1: warning: unknown directive 'socks5'"});
}

TEST(ImportTest, WritesLinesThatARulesFileTakes) {
  for (const std::string& word : {std::string(5000, 'x'), std::string("caf\xe9"),
                                  std::string("\xc2\x9b"), std::string("a\x01\x7f\0b", 5)}) {
    const std::string rules =
        Import("/" + word, word + "\nlocalnet " + word + "\n" + kOneProxy).rules;
    EXPECT_EQ(config::BuiltText(rules).Complaints(), "") << rules;
  }
}

}  // namespace
}  // namespace proxychains
