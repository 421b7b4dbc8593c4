#include "config/pattern_parser.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace config {
namespace {

const char* KindText(PatternKind kind) {
  constexpr const char* kNames[] = {"any",  "exact",   "self",     "below",
                                    "glob", "address", "loopback", "private"};
  return kNames[static_cast<size_t>(kind)];
}

// "below corp.example", "address 10.0.0.0/8 :80-90 exe=ssh", or "!message (hint)".
std::string Parse(std::string_view text) {
  ParsedPattern p;
  if (const auto complaint = ParsePattern(text, &p)) {
    return "!" + complaint->message + (complaint->hint.empty() ? "" : " (" + complaint->hint + ")");
  }
  std::string out = p.exe_only ? "all" : KindText(p.kind);
  if (p.kind == PatternKind::kAddress) {
    std::array<char, base::kMaxEndpointText> buffer;
    out += " " + std::string(base::Endpoint(p.address, 0).HostText(buffer, false)) + "/" +
           std::to_string(p.prefix_bits);
  }
  if (!p.host.empty()) {
    out += " " + p.host;
  }
  if (p.low_port != 0 || p.high_port != 65535) {
    out += " :" + std::to_string(p.low_port);
    if (p.high_port != p.low_port) {
      out += "-" + std::to_string(p.high_port);
    }
  }
  return out + (p.exe.empty() ? "" : " exe=" + p.exe);
}

TEST(PatternParserTest, ReadsEveryForm) {
  const struct {
    const char* text;
    const char* parsed;
  } cases[] = {
      {"*", "any"},
      {":443", "any :443"},
      {"*:443", "any :443"},
      {":8000-9000", "any :8000-9000"},
      {":1-65535", "any :1-65535"},
      {"github.com", "exact github.com"},
      {"GitHub.COM.", "exact github.com"},
      {"github.com:22", "exact github.com :22"},
      {"github.com.:22-23", "exact github.com :22-23"},
      {"localhost", "exact localhost"},
      {"my_host-1", "exact my_host-1"},
      {"1password.com", "exact 1password.com"},
      {".corp.example", "self corp.example"},
      {".Corp.Example.:80", "self corp.example :80"},
      {"*.corp.example", "below corp.example"},
      {"*.corp.example:1-2", "below corp.example :1-2"},
      {"git*.example", "glob git*.example"},
      {"a.*.example:80", "glob a.*.example :80"},
      {"*git.Example", "glob *git.example"},
      {"*.git*.example", "glob *.git*.example"},
      {"192.0.2.7", "address 192.0.2.7/32"},
      {"192.0.2.7:80", "address 192.0.2.7/32 :80"},
      {"10.0.0.0/8", "address 10.0.0.0/8"},
      {"10.0.0.0/8:80-81", "address 10.0.0.0/8 :80-81"},
      {"0.0.0.0/0", "address 0.0.0.0/0"},
      {"192.0.2.6/31", "address 192.0.2.6/31"},
      {"::1", "address ::1/128"},
      {"2001:db8::1", "address 2001:db8::1/128"},
      {"[2001:DB8::1]", "address 2001:db8::1/128"},
      {"[2001:db8::1]:22", "address 2001:db8::1/128 :22"},
      {"fd00::/8", "address fd00::/8"},
      {"fd00::/8:443", "address fd00::/8 :443"},
      {"[fd00::]/8:443", "address fd00::/8 :443"},
      {"[fd00::/8]:443", "address fd00::/8 :443"},
      {"::/0", "address ::/0"},
      {"::ffff:192.0.2.7", "address 192.0.2.7/32"},
      {"::ffff:10.0.0.0/104", "address 10.0.0.0/8"},
      {"[::ffff:0:0/96]", "address 0.0.0.0/0"},
      {"@loopback", "loopback"},
      {"@Private", "private"},
      {"@private:22", "private :22"},
      {"exe:ssh", "all exe=ssh"},
      {"exe:ssh@*.github.com", "below github.com exe=ssh"},
      {"exe:Git-Remote@github.com:22", "exact github.com :22 exe=Git-Remote"},
      {"exe:ssh@:22", "any :22 exe=ssh"},
      {"exe:node@10.0.0.0/8", "address 10.0.0.0/8 exe=node"},
      {"exe:node@@loopback", "loopback exe=node"},
      {"exe:python3.11", "all exe=python3.11"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Parse(c.text), c.parsed) << c.text;
  }
}

TEST(PatternParserTest, RefusesWithAHint) {
  const struct {
    const char* text;
    const char* complaint;
  } cases[] = {
      {"10.1.2.3/8", "!the pattern '10.1.2.3/8' has bits set behind its prefix (10.0.0.0/8)"},
      {"192.0.2.7/31:80",
       "!the pattern '192.0.2.7/31:80' has bits set behind its prefix (192.0.2.6/31)"},
      {"fd00::1/8", "!the pattern 'fd00::1/8' has bits set behind its prefix (fd00::/8)"},
      {"::ffff:10.1.0.0/104",
       "!the pattern '::ffff:10.1.0.0/104' has bits set behind its prefix (10.0.0.0/8)"},
      {"192.168.*", "!the pattern '192.168.*' has a '*' in an address (192.168.0.0/16)"},
      {"10.*.*.*", "!the pattern '10.*.*.*' has a '*' in an address (10.0.0.0/8)"},
      {"@lopback", "!unknown pattern '@lopback' (@loopback)"},
      {"@privat:22", "!unknown pattern '@privat:22' (@private)"},
      {"@zzz", "!unknown pattern '@zzz'"},
      {"exe:ssh:22", "!the pattern 'exe:ssh:22' names a port of no pattern (exe:ssh@:22)"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Parse(c.text), c.complaint) << c.text;
  }
}

TEST(PatternParserTest, RefusesWhatIsNoPattern) {
  const struct {
    const char* text;
    const char* what;
  } cases[] = {
      {"10.0.0.0/33", "has a bad prefix length: a number from 0 to 32 is needed"},
      {"fd00::/129", "has a bad prefix length: a number from 0 to 128 is needed"},
      {"10.0.0.0/", "has a bad prefix length: a number from 0 to 32 is needed"},
      {"::ffff:0.0.0.0/95",
       "reaches beyond the IPv4-mapped addresses: a prefix length from 96 is needed"},
      {"10.0.0", "is neither a host name nor an address"},
      {"256.1.1.1", "is neither a host name nor an address"},
      {"host/24", "is neither a host name nor an address"},
      {"a..b", "is neither a host name nor an address"},
      {".", "is neither a host name nor an address"},
      {"*.", "is neither a host name nor an address"},
      {"a b", "is neither a host name nor an address"},
      {"a!b", "is neither a host name nor an address"},
      {"1:2:3", "is neither a host name nor an address"},
      {"1:2:3:4:5:6:7:8:9", "is neither a host name nor an address ([1:2:3:4:5:6:7:8]:9)"},
      {"1:2:3:4:5:6:7:8:0", "is neither a host name nor an address"},
      {"fe80::1%eth0", "is neither a host name nor an address"},
      {".a*.b", "has a '*' behind its leading '.'; write it without the '.'"},
      {"[2001:db8::1", "has no ']'"},
      {"[2001:db8::1]22", "has text behind its ']' that is no port"},
      {"[192.0.2.7]:22", "has no IPv6 address between its brackets"},
      {"[host]:22", "has no IPv6 address between its brackets"},
      {":", "has a bad port: a number from 1 to 65535 or LOW-HIGH is needed"},
      {":0", "has a bad port: a number from 1 to 65535 or LOW-HIGH is needed"},
      {":65536", "has a bad port: a number from 1 to 65535 or LOW-HIGH is needed"},
      {":1-0", "has a bad port: a number from 1 to 65535 or LOW-HIGH is needed"},
      {":80-", "has a bad port: a number from 1 to 65535 or LOW-HIGH is needed"},
      {"h:ssh", "has a bad port: a number from 1 to 65535 or LOW-HIGH is needed"},
      {":90-80", "has a port range that ends before it starts"},
      {"a,b", "has a ','; patterns are separated by blanks"},
      {"http://h", "is a URL; a pattern is a host or a network"},
      {"caf\xe2\x9d\xa4.fr", "has no xn-- form: string contains a disallowed character"},
      {"@goprivate:x", "has a bad port: a number from 1 to 65535 or LOW-HIGH is needed"},
      {"@file", "is incomplete: write @file:PATH"},
      {"@file:", "is incomplete: write @file:PATH"},
      {"exe:", "is incomplete: write exe:NAME or exe:NAME@PATTERN"},
      {"exe:@h", "is incomplete: write exe:NAME or exe:NAME@PATTERN"},
      {"exe:ssh@", "is incomplete: write exe:NAME or exe:NAME@PATTERN"},
      {"exe:/usr/bin/ssh", "has a path; a program goes by its file name alone"},
      {"exe:ss*", "has a '*' in the program's name"},
      {"exe:ssh@10.1.0.0/33", "has a bad prefix length: a number from 0 to 32 is needed"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Parse(c.text), "!the pattern '" + std::string(c.text) + "' " + c.what);
  }
}

TEST(PatternParserTest, RefusesNamesThatDnsCouldNotHold) {
  const std::string label(63, 'a');
  const std::string longest =
      label + "." + label + "." + label + "." + std::string(61, 'a');  // 253 bytes
  EXPECT_EQ(Parse(longest), "exact " + longest);
  EXPECT_EQ(Parse(longest + "a")[0], '!');
  EXPECT_EQ(Parse(label + "a.example")[0], '!');
}

}  // namespace
}  // namespace config
