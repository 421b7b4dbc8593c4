#include "config/rules_file.h"

#include "config/nearest_word.h"
#include "config/pattern_parser.h"
#include "config/proxy_url.h"
#include "config/redact.h"

namespace config {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kDnsWords[] = {"remote", "local"};
constexpr std::string_view kModeWords[] = {"strict"};
constexpr std::string_view kLaterModes[] = {"dynamic", "random", "round_robin", "failover"};
constexpr uint32_t kMaxTimeoutMs = 3600 * 1000;

// Takes the next word off `text`; empty at its end.
std::string_view NextWord(std::string_view* text) {
  const size_t begin = text->find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    *text = {};
    return {};
  }
  text->remove_prefix(begin);
  const std::string_view word = text->substr(0, text->find_first_of(kBlanks));
  text->remove_prefix(word.size());
  return word;
}

// "10", "0.5", "2.25"; what is less than a millisecond counts as one. 0: it is no such number.
uint32_t ParseSeconds(std::string_view text) {
  uint64_t ms = 0;
  uint64_t unit = 1000;
  bool rest = false;
  bool point = false;
  size_t digits = 0;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') {
      return 0;
    }
    ++digits;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (!point) {
      ms = ms * 10 + digit * 1000;
    } else {
      unit /= 10;
      ms += digit * unit;
      rest = rest || (unit == 0 && digit > 0);
    }
    if (ms > kMaxTimeoutMs) {
      return 0;
    }
  }
  ms += rest ? 1 : 0;
  return digits == 0 || text.back() == '.' || ms > kMaxTimeoutMs ? 0 : static_cast<uint32_t>(ms);
}

}  // namespace

RulesFile::RulesFile(std::string_view name, ImageWriter* image, RouteNames* names,
                     DiagnosticList* diagnostics)
    : image_(image), names_(names), diagnostics_(diagnostics), file_(image->AddText(name)) {}

void RulesFile::Read(std::string_view text) {
  const IniFile ini = ParseIni(text, diagnostics_);
  DeclareSections(ini.sections);
  for (const IniEntry& entry : ini.entries) {
    if (const auto object = object_of_section_[entry.section]) {
      ReadEntry(entry, objects_[*object]);
    }
  }
  FinishRule();
  FinishObjects();
}

void RulesFile::DeclareSections(const std::vector<IniSection>& sections) {
  for (const IniSection& section : sections) {
    object_of_section_.push_back(Declare(section));
  }
}

std::optional<size_t> RulesFile::Declare(const IniSection& section) {
  std::string_view rest = section.text;
  const std::string_view word = NextWord(&rest);
  const SectionRow* const row = FindSection(word);
  const size_t begin = rest.find_first_not_of(kBlanks);
  const std::string_view name = begin == std::string_view::npos ? "" : rest.substr(begin);
  if (row == nullptr) {
    Complain(section.line, "unknown section [" + section.text + "]",
             NearestWord(word, SectionWords()));
    return std::nullopt;
  }
  if (row->has_name && name.empty()) {
    Complain(section.line, "the section has no name: write " + SectionHeader(*row));
    return std::nullopt;
  }
  if (!row->has_name && !name.empty()) {
    Complain(section.line, "the section takes no name: write " + SectionHeader(*row));
    return std::nullopt;
  }
  Object object{row->kind, 0, section.line, "[" + section.text + "]", false, {}};
  if (!row->has_name) {
    for (size_t i = 0; i < objects_.size(); ++i) {
      if (objects_[i].kind == row->kind) {
        return i;
      }
    }
    objects_.push_back(object);
    return objects_.size() - 1;
  }
  Route route{row->kind == SectionKind::kProxy ? RouteKind::kProxy : RouteKind::kChain, 0};
  route.index = static_cast<uint16_t>(route.kind == RouteKind::kProxy ? image_->proxies().size()
                                                                      : image_->chains().size());
  if (auto complaint = names_->Add(name, route, section.line, {})) {
    diagnostics_->Add(section.line, std::move(*complaint));
    return std::nullopt;
  }
  const Source source{file_, section.line, image_->AddText(object.header)};
  if (route.kind == RouteKind::kProxy) {
    Proxy proxy;
    proxy.name = image_->AddText(name);
    proxy.source = source;
    object.index = image_->AddProxy(proxy);
  } else {
    Chain chain;
    chain.name = image_->AddText(name);
    chain.source = source;
    object.index = image_->AddChain(chain);
  }
  objects_.push_back(object);
  return objects_.size() - 1;
}

void RulesFile::ReadEntry(const IniEntry& entry, Object& object) {
  if (entry.continues && entry_refused_) {
    return;
  }
  if (!entry.continues) {
    FinishRule();
  }
  entry_refused_ = false;
  const KeyRow* const row = FindKey(object.kind, entry.key);
  if (row == nullptr) {
    Complain(entry.line, "unknown key " + Quote(entry.key) + " in " + object.header,
             NearestWord(entry.key, KeyWords(object.kind)));
    entry_refused_ = true;
    return;
  }
  if (entry.continues && !row->is_list) {
    Complain(entry.line, "an indented line continues the line above, and " + Quote(entry.key) +
                             " takes one line");
    return;
  }
  uint32_t& first_line = object.key_lines[static_cast<size_t>(row->key)];
  if (row->key != Key::kRoute && !entry.continues) {
    if (first_line > 0) {
      Complain(entry.line,
               Quote(entry.key) + " is given twice; first on line " + std::to_string(first_line));
      entry_refused_ = true;
      return;
    }
    first_line = entry.line;
  }
  if (!row->is_list && entry.value.empty()) {
    Complain(entry.line, Quote(entry.key) + " has no value");
    return;
  }
  ReadValue(entry, *row, object);
}

void RulesFile::ReadValue(const IniEntry& entry, const KeyRow& row, Object& object) {
  switch (row.key) {
    case Key::kDefault:
      return ReadDefault(entry);
    case Key::kConnectTimeout:
      return ReadConnectTimeout(entry);
    case Key::kDns:
      return ReadDns(entry);
    case Key::kUrl:
      return ReadUrl(entry, object);
    case Key::kHops:
      return ReadHops(entry, object);
    case Key::kMode:
      return ReadMode(entry);
    case Key::kRoute:
      return ReadPatterns(entry);
  }
}

void RulesFile::ReadDefault(const IniEntry& entry) {
  Globals& globals = image_->globals();
  if (auto complaint = names_->FindRoute(entry.value, &globals.default_route)) {
    diagnostics_->Add(entry.line, std::move(*complaint));
    return;
  }
  globals.default_source = DefaultSource::kFile;
  globals.default_line = SourceOf(entry);
}

void RulesFile::ReadConnectTimeout(const IniEntry& entry) {
  const uint32_t ms = ParseSeconds(entry.value);
  if (ms == 0) {
    Complain(entry.line, "bad connect_timeout " + Quote(entry.value) +
                             ": seconds above 0 and at most 3600 are needed");
    return;
  }
  image_->globals().connect_timeout_ms = ms;
}

void RulesFile::ReadDns(const IniEntry& entry) {
  if (entry.value == kDnsWords[0]) {
    image_->globals().dns = Dns::kRemote;
  } else if (entry.value == kDnsWords[1]) {
    image_->globals().dns = Dns::kLocal;
  } else {
    Complain(entry.line, "bad dns " + Quote(entry.value) + ": remote or local is needed",
             NearestWord(entry.value, kDnsWords));
  }
}

void RulesFile::ReadUrl(const IniEntry& entry, const Object& object) {
  ProxyUrl url;
  if (auto complaint = ParseProxyUrl(entry.value, &url)) {
    diagnostics_->Add(entry.line, std::move(*complaint));
    return;
  }
  Proxy& proxy = image_->proxies()[object.index];
  proxy.type = url.type;
  proxy.host = image_->AddText(url.host);
  proxy.port = url.port;
  proxy.user = image_->AddText(url.user);
  proxy.password = image_->AddText(url.password);
  proxy.source = {file_, entry.line, image_->AddText(RedactUrlLine(entry.line_text))};
}

void RulesFile::ReadHops(const IniEntry& entry, Object& object) {
  Chain& chain = image_->chains()[object.index];
  std::string_view rest = entry.value;
  for (std::string_view word = NextWord(&rest); !word.empty(); word = NextWord(&rest)) {
    object.has_hops = true;
    uint16_t hop = 0;
    if (auto complaint = names_->FindHop(word, &hop)) {
      diagnostics_->Add(entry.line, std::move(*complaint));
      continue;
    }
    if (chain.hop_count == kMaxHops) {
      Complain(entry.line, "more than " + std::to_string(kMaxHops) + " hops in " + object.header);
      return;
    }
    for (size_t i = 0; i < chain.hop_count; ++i) {
      if (chain.hops[i] == hop) {
        Complain(entry.line, "the hop " + Quote(word) + " stands twice in " + object.header);
        break;
      }
    }
    chain.hops[chain.hop_count++] = hop;
  }
}

void RulesFile::ReadMode(const IniEntry& entry) {
  for (const std::string_view word : kLaterModes) {
    if (entry.value == word) {
      Complain(entry.line, "the mode " + Quote(word) + " is not supported yet; strict is");
      return;
    }
  }
  if (entry.value != kModeWords[0]) {
    Complain(entry.line, "bad mode " + Quote(entry.value) + ": strict is needed",
             NearestWord(entry.value, kModeWords));
  }
}

void RulesFile::ReadPatterns(const IniEntry& entry) {
  if (!entry.continues) {
    Route route;
    if (auto complaint = names_->FindRoute(entry.key, &route)) {
      diagnostics_->Add(entry.line, std::move(*complaint));
      entry_refused_ = true;
      return;
    }
    route_ = route;
    rule_line_ = entry.line;
    rule_has_pattern_ = false;
  }
  std::string_view rest = entry.value;
  for (std::string_view word = NextWord(&rest); !word.empty(); word = NextWord(&rest)) {
    rule_has_pattern_ = true;
    ParsedPattern parsed;
    if (auto complaint = ParsePattern(word, &parsed)) {
      diagnostics_->Add(entry.line, std::move(*complaint));
      if (word.front() == '#') {
        return;
      }
      continue;
    }
    image_->AddPattern(parsed, word, *route_, SourceOf(entry));
  }
}

void RulesFile::FinishRule() {
  if (route_ && !rule_has_pattern_) {
    Complain(rule_line_, "the rule has no pattern");
  }
  route_.reset();
}

void RulesFile::FinishObjects() {
  for (const Object& object : objects_) {
    const bool has_url = object.key_lines[static_cast<size_t>(Key::kUrl)] > 0;
    if (object.kind == SectionKind::kProxy && !has_url) {
      Complain(object.line, object.header + " has no url");
    }
    if (object.kind == SectionKind::kChain && !object.has_hops) {
      Complain(object.line, object.header + " has no hops");
    }
  }
}

Source RulesFile::SourceOf(const IniEntry& entry) {
  // Many patterns stand on one line, whose text the image needs once.
  if (source_.line != entry.line) {
    source_ = {file_, entry.line, image_->AddText(entry.line_text)};
  }
  return source_;
}

void RulesFile::Complain(uint32_t line, std::string message, std::string hint) {
  diagnostics_->Add(line, {std::move(message), std::move(hint)});
}

}  // namespace config
