#include "config/proxy_url.h"

#include <gtest/gtest.h>

#include <string>

#include "config/redact.h"

namespace config {
namespace {

std::string Complaint(std::string_view text) {
  ProxyUrl url;
  const auto complaint = ParseProxyUrl(text, &url);
  return complaint ? complaint->message : "";
}

TEST(ProxyUrlTest, TakesTypesHostsAndPorts) {
  const struct {
    const char* text;
    ProxyType type;
    const char* host;
    uint16_t port;
    const char* name;
  } cases[] = {
      {"socks5://h", ProxyType::kSocks5, "h", 1080, "socks5://h:1080"},
      {"socks5h://h:9", ProxyType::kSocks5, "h", 9, "socks5://h:9"},
      {"socks4://h", ProxyType::kSocks4, "h", 1080, "socks4://h:1080"},
      {"socks4a://h:9", ProxyType::kSocks4a, "h", 9, "socks4a://h:9"},
      {"SOCKS5://H.Example.", ProxyType::kSocks5, "h.example", 1080, "socks5://h.example:1080"},
      {"http://h", ProxyType::kHttp, "h", 8080, "http://h:8080"},
      {"https://h", ProxyType::kHttps, "h", 443, "https://h:443"},
      {"HTTPS://[::1]:8443/", ProxyType::kHttps, "::1", 8443, "https://[::1]:8443"},
      {"http://h/", ProxyType::kHttp, "h", 8080, "http://h:8080"},
      {"http://192.0.2.7:65535", ProxyType::kHttp, "192.0.2.7", 65535, "http://192.0.2.7:65535"},
      {"socks5://[2001:db8::1]", ProxyType::kSocks5, "2001:db8::1", 1080,
       "socks5://[2001:db8::1]:1080"},
      {"http://[::1]:3128/", ProxyType::kHttp, "::1", 3128, "http://[::1]:3128"},
      {"ssh://h", ProxyType::kSsh, "h", 22, "ssh://h:22"},
      {"ssh://my_alias:2222", ProxyType::kSsh, "my_alias", 2222, "ssh://my_alias:2222"},
      {"h:3128", ProxyType::kHttp, "h", 3128, "http://h:3128"},
      {"[::1]:3128", ProxyType::kHttp, "::1", 3128, "http://[::1]:3128"},
      {"my_proxy-1.corp:1", ProxyType::kHttp, "my_proxy-1.corp", 1, "http://my_proxy-1.corp:1"},
  };
  for (const auto& c : cases) {
    ProxyUrl url;
    const auto complaint = ParseProxyUrl(c.text, &url);
    ASSERT_FALSE(complaint) << c.text << ": " << complaint->message;
    EXPECT_EQ(url.type, c.type) << c.text;
    EXPECT_EQ(url.host, c.host) << c.text;
    EXPECT_EQ(url.port, c.port) << c.text;
    EXPECT_EQ(url.Name(), c.name);
    EXPECT_EQ(url.user + url.password, "") << c.text;
  }
}

TEST(ProxyUrlTest, TellsAPortThatIsWrittenFromOneThatIsNot) {
  for (const std::string text : {"ssh://h", "ssh://u@h/", "ssh://[::1]", "http://h"}) {
    ProxyUrl url;
    ASSERT_FALSE(ParseProxyUrl(text, &url)) << text;
    EXPECT_TRUE(url.default_port) << text;
  }
  for (const std::string text : {"ssh://h:22", "ssh://u@h:22/", "ssh://[::1]:22", "h:8080"}) {
    ProxyUrl url;
    ASSERT_FALSE(ParseProxyUrl(text, &url)) << text;
    EXPECT_FALSE(url.default_port) << text;
  }
}

TEST(ProxyUrlTest, DecodesCredentials) {
  const std::string longest(255, 'x');
  const struct {
    std::string text;
    std::string user;
    std::string password;
  } cases[] = {
      {"http://alice:secret@h", "alice", "secret"},
      {"http://alice@h", "alice", ""},
      {"ssh://corp%5Calice@h", "corp\\alice", ""},
      {"https://alice:secret@h", "alice", "secret"},
      {"http://alice:@h", "alice", ""},
      {"socks5://a%3Ab:%40%2f%25@h:1", "a:b", "@/%"},
      {"socks5://alice:p@ss:word@h", "alice", "p@ss:word"},
      {"alice:secret@h:8080", "alice", "secret"},
      {"socks5://" + longest + ":" + longest + "@h", longest, longest},
      {"http://u:" + std::string(999, 't') + "@h", "u", std::string(999, 't')},
      {"http://\xc3\xa9l\xc3\xa8ve:m%C3%B6t@h", "\xc3\xa9l\xc3\xa8ve", "m\xc3\xb6t"},
  };
  for (const auto& c : cases) {
    ProxyUrl url;
    const auto complaint = ParseProxyUrl(c.text, &url);
    ASSERT_FALSE(complaint) << c.text << ": " << complaint->message;
    EXPECT_EQ(url.user, c.user);
    EXPECT_EQ(url.password, c.password);
    EXPECT_EQ(url.Name().find("alice"), std::string::npos);
  }
}

TEST(ProxyUrlTest, RefusesWithoutSayingThePassword) {
  const std::string too_long(256, 's');
  const struct {
    std::string text;
    std::string complaint;
  } cases[] = {
      {"", "the proxy URL is empty"},
      {"ftp://secret", "unknown proxy type 'ftp'"},
      {"://h", "unknown proxy type ''"},
      {"socks4://u:secret@h",
       "the proxy URL 'socks4://u:***@h' has a password, which SOCKS4 can't send"},
      {"socks4a://" + too_long + "@h",
       "the proxy URL 'socks4a://" + too_long +
           "@h' has a user of more than 255 bytes, which SOCKS4 servers don't take"},
      {"ssh://u:secret@h",
       "the proxy URL 'ssh://u:***@h' has a password; ssh logs in by keys and its agent"},
      {"sssh://h", "unknown proxy type 'sssh'"},
      {"http://u:secret@h/path",
       "the proxy URL 'http://u:***@h/path' has a path, query or fragment; a proxy has none"},
      {"http://h?q=1",
       "the proxy URL 'http://h?q=1' has a path, query or fragment; a proxy has "
       "none"},
      {"http://h#f", "the proxy URL 'http://h#f' has a path, query or fragment; a proxy has none"},
      {"http://u:sec/ret@h",
       "the proxy URL 'http://u:***@h' has '/', '?' or '#' before its '@'; in a password write "
       "%2F, %3F or %23"},
      {"http://u:se cret@h", "the proxy URL 'http://u:***@h' has a blank or a control byte in it"},
      {"http://u:%7secret@h",
       "the proxy URL 'http://u:***@h' has a '%' without two hexadecimal digits; for the sign "
       "itself write %25"},
      {"http://u:secret%@h",
       "the proxy URL 'http://u:***@h' has a '%' without two hexadecimal digits; for the sign "
       "itself write %25"},
      {"http://u:secret%0d@h",
       "the proxy URL 'http://u:***@h' has a control byte in its credentials"},
      {"http://u%00:secret@h",
       "the proxy URL 'http://u%00:***@h' has a control byte in its credentials"},
      {"http://a%3ab:secret@h",
       "the proxy URL 'http://a%3ab:***@h' has a ':' in its user, which HTTP can't send"},
      {"socks5://u:" + too_long + "@h",
       "the proxy URL 'socks5://u:***@h' has a user or password of more than 255 bytes, which "
       "SOCKS5 can't send"},
      {"http://u:" + std::string(1000, 's') + "@h",
       "the proxy URL 'http://u:***@h' has a user and password of more than 1000 bytes together"},
      {"http://:secret@h", "the proxy URL 'http://:***@h' has no user before its '@'"},
      {"http://@h", "the proxy URL 'http://@h' has no user before its '@'"},
      {"http://", "the proxy URL 'http://' has no host"},
      {"http://u:secret@", "the proxy URL 'http://u:***@' has no host"},
      {"http://u:secret@:80", "the proxy URL 'http://u:***@:80' has no host"},
      {"http://alice:secret", "the proxy URL has a bad port: a number from 1 to 65535 is needed"},
      {"http://alice:se/cret",
       "the proxy URL 'http://alice:***' has a path, query or fragment; a proxy has none"},
      {"http://h:0", "the proxy URL has a bad port: a number from 1 to 65535 is needed"},
      {"http://h:65536", "the proxy URL has a bad port: a number from 1 to 65535 is needed"},
      {"http://h:", "the proxy URL has a bad port: a number from 1 to 65535 is needed"},
      {"http://h:+80", "the proxy URL has a bad port: a number from 1 to 65535 is needed"},
      {"office",
       "the proxy URL 'office' has neither a type nor a port: write http://HOST or "
       "socks5://HOST"},
      {"http://h_:80:90", "the proxy URL has a bad port: a number from 1 to 65535 is needed"},
      {"http://2001:db8::1",
       "the proxy URL has an IPv6 address without brackets: write [ADDRESS]:PORT"},
      {"http://[2001:db8::1", "the proxy URL has no ']' behind its IPv6 address"},
      {"http://[192.0.2.7]:80", "the proxy URL has no IPv6 address between its brackets"},
      {"http://[fe80::1%25eth0]:80", "the proxy URL has no IPv6 address between its brackets"},
      {"http://[::1]80", "the proxy URL has text behind its ']' that is no port"},
      {"http://a..b",
       "the proxy URL 'http://a..b' has a host that is neither a name nor an "
       "address"},
      {"http://256.1.1.1",
       "the proxy URL 'http://256.1.1.1' has a host that is neither a name nor an address"},
      {"http://caf\xe2\x9d\xa4.example",
       "the proxy URL 'http://caf\xe2\x9d\xa4.example' has a host that has no xn-- form: string "
       "contains a disallowed character"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Complaint(c.text), c.complaint) << c.text;
    EXPECT_EQ(Complaint(c.text).find("secret"), std::string::npos);
  }
}

TEST(RedactTest, HidesWhatStandsBeforeTheLastAt) {
  EXPECT_EQ(RedactUrl("http://u:p@h:80"), "http://u:***@h:80");
  EXPECT_EQ(RedactUrl("http://u:p@q:r@h"), "http://u:***@h");
  EXPECT_EQ(RedactUrl("u:p@h:80"), "u:***@h:80");
  EXPECT_EQ(RedactUrl("http://u@h:80"), "http://u@h:80");
  EXPECT_EQ(RedactUrl("http://h:80"), "http://h:80");
  EXPECT_EQ(RedactUrl("http://u:p"), "http://u:***");
  EXPECT_EQ(RedactUrl("http://[::1]:80/x"), "http://[::1]:80/x");
  EXPECT_EQ(RedactUrlLine("url = http://u:p@h ; x@y"), "url = http://u:***@y");
  EXPECT_EQ(RedactUrlLine("url: http://u:p@h"), "url: http://u:***@h");
}

}  // namespace
}  // namespace config
