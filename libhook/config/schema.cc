#include "config/schema.h"

namespace config {
namespace {

constexpr SectionRow kSections[] = {
    {SectionKind::kGlobal, "gochain", false, "Settings of the whole run."},
    {SectionKind::kProxy, "proxy", true, "One proxy, which rules and chains call by its name."},
    {SectionKind::kChain, "chain", true, "Several proxies, one behind the other."},
    {SectionKind::kRules, "rules", false,
     "Which targets take which route. The first pattern that matches decides, from top to bottom."},
};

constexpr KeyRow kKeys[] = {
    {SectionKind::kGlobal, Key::kDefault, "default", false, "a route", "`direct`",
     "The route of every target that no rule names."},
    {SectionKind::kGlobal, Key::kConnectTimeout, "connect_timeout", false,
     "seconds, above 0 and at most 3600", "`10`",
     "How long each hop may take: to be connected to, and to answer its handshake. Past it the "
     "program sees ETIMEDOUT."},
    {SectionKind::kGlobal, Key::kDns, "dns", false, "`remote` or `local`", "`remote`",
     "Who looks up the names of targets that go through proxies: the last proxy, or this machine. "
     "With `local` the proxy gets an address."},
    {SectionKind::kProxy, Key::kUrl, "url", false, "a proxy URL", "none: must be given",
     "The proxy's protocol, address and credentials."},
    {SectionKind::kChain, Key::kHops, "hops", true, "names of 1 to 16 proxies",
     "none: must be given",
     "The proxies in their order; the first is the one that this machine connects to. None stands "
     "twice in a chain."},
    {SectionKind::kChain, Key::kMode, "mode", false, "`strict`", "`strict`",
     "How the hops are used. `strict`: all of them, in their order; one that is down fails the "
     "connection."},
    {SectionKind::kRules, Key::kRoute, "ROUTE", true, "patterns", "none",
     "ROUTE is `direct`, `reject`, or the name of a proxy or a chain. The same route may stand on "
     "several lines."},
};

}  // namespace

std::span<const SectionRow> Sections() { return kSections; }
std::span<const KeyRow> Keys() { return kKeys; }

const SectionRow* FindSection(std::string_view word) {
  for (const SectionRow& row : kSections) {
    if (row.word == word) {
      return &row;
    }
  }
  return nullptr;
}

const KeyRow* FindKey(SectionKind section, std::string_view word) {
  for (const KeyRow& row : kKeys) {
    if (row.section == section && (row.key == Key::kRoute || row.word == word)) {
      return &row;
    }
  }
  return nullptr;
}

std::vector<std::string_view> SectionWords() {
  std::vector<std::string_view> out;
  for (const SectionRow& row : kSections) {
    out.push_back(row.word);
  }
  return out;
}

std::vector<std::string_view> KeyWords(SectionKind section) {
  std::vector<std::string_view> out;
  for (const KeyRow& row : kKeys) {
    if (row.section == section) {
      out.push_back(row.word);
    }
  }
  return out;
}

std::string SectionHeader(const SectionRow& row) {
  return "[" + std::string(row.word) + (row.has_name ? " NAME]" : "]");
}

}  // namespace config
