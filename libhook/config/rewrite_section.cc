#include "config/rewrite_section.h"

#include <algorithm>

#include "config/host_name.h"
#include "config/image.h"
#include "config/international_name.h"
#include "config/pattern_parser.h"
#include "config/values.h"

namespace config {
namespace {

// Why `from` can't be this pattern, good as it may be elsewhere.
std::optional<std::string> FindReasonAgainst(std::string_view word) {
  if (word.starts_with('@')) {
    return "'from' takes no set: " + Quote(word);
  }
  if (word.starts_with("exe:")) {
    return "'from' takes no program: " + Quote(word);
  }
  if (word == "*") {
    return "'from' takes no '*' alone";
  }
  return std::nullopt;
}

bool IsPortRange(std::string_view text) {
  return text.find('-') != std::string_view::npos &&
         text.find_first_not_of("0123456789-") == std::string_view::npos;
}

// HOST, HOST:PORT, ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT or :PORT; or what it is instead.
std::optional<std::string> ParseTo(std::string_view text, RewriteStep* out) {
  if (text.find("://") != std::string_view::npos) {
    return "'to' takes HOST, HOST:PORT or :PORT, not a URL: " + Quote(text);
  }
  if (text.find('*') != std::string_view::npos) {
    return "'to' takes no '*': " + Quote(text);
  }
  if (text.find('/') != std::string_view::npos) {
    return "'to' takes no network: " + Quote(text);
  }
  std::string_view host = text;
  if (const size_t colon = text.rfind(':');
      colon != std::string_view::npos && !base::IpAddress::Parse(text)) {
    host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (IsPortRange(port)) {
      return "'to' takes no port range: " + Quote(text);
    }
    if (!ParsePort(port, &out->to_port)) {
      return "'to' has a bad port: a number from 1 to 65535 is needed";
    }
    if (host.empty()) {
      return std::nullopt;
    }
  }
  std::string ascii;
  if (!IsAscii(host)) {
    if (auto complaint = ToAsciiName(host, "'to' has no xn-- form: " + Quote(host), &ascii)) {
      return std::move(complaint->message);
    }
    host = ascii;
  }
  // Without its brackets an IPv6 address takes no port.
  const bool bare_with_port =
      out->to_port != 0 && !host.starts_with('[') && host.find(':') != std::string_view::npos;
  const auto address = base::IpAddress::Parse(host);
  if (bare_with_port || (!address && !IsHostName(host))) {
    return "'to' is neither a host name nor an address: " + Quote(text);
  }
  if (address) {
    out->to_is_address = true;
    out->to_address = *address;
  } else {
    out->to_host = CanonicalName(host);
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint16_t> RewriteReader::Declare(std::string_view name, Place place,
                                               const Source& source) {
  if (auto complaint = CheckName(name)) {
    context_->Complain(place, std::move(*complaint));
    return std::nullopt;
  }
  for (const Section& other : sections_) {
    if (other.name == name) {
      context_->Complain(place, "the name " + Quote(name) + " is taken by " +
                                    context_->diagnostics().Reference(other.place, place));
      return std::nullopt;
    }
  }
  if (sections_.size() == kMaxRewrites) {
    context_->Complain(place, "more than " + std::to_string(kMaxRewrites) + " rewrites");
    return std::nullopt;
  }
  sections_.push_back({std::string(name), place, source, {}, false, false, {}});
  return static_cast<uint16_t>(sections_.size() - 1);
}

void RewriteReader::Read(Key key, const IniEntry& entry, uint16_t index) {
  if (key == Key::kFrom) {
    ReadFrom(entry, &sections_[index]);
  } else {
    ReadTo(entry, &sections_[index]);
  }
}

void RewriteReader::ReadFrom(const IniEntry& entry, Section* section) {
  std::string_view rest = entry.value;
  const std::string_view word = NextWord(&rest);
  if (!NextWord(&rest).empty()) {
    context_->Complain(entry.place, "'from' takes one pattern");
    return;
  }
  if (auto reason = FindReasonAgainst(word)) {
    context_->Complain(entry.place, std::move(*reason));
    return;
  }
  if (auto complaint = ParsePattern(word, &section->step.from)) {
    context_->Complain(entry.place, std::move(*complaint));
    return;
  }
  section->written = word;
  section->has_from = true;
}

void RewriteReader::ReadTo(const IniEntry& entry, Section* section) {
  if (auto reason = ParseTo(entry.value, &section->step)) {
    context_->Complain(entry.place, std::move(*reason));
    return;
  }
  section->has_to = true;
}

void RewriteReader::Finish() {
  for (const Section& section : sections_) {
    if (!section.has_from || !section.has_to) {
      return;  // the file is refused
    }
  }
  ImageWriter& image = context_->image();
  for (const Section& section : sections_) {
    const RewriteStep& step = section.step;
    Rewrite rewrite;
    rewrite.name = image.AddText(section.name);
    rewrite.to_host = image.AddText(step.to_host);
    rewrite.to_is_address = step.to_is_address;
    rewrite.to_address = step.to_address;
    rewrite.to_port = step.to_port;
    rewrite.source = section.source;
    image.AddRewrite(rewrite, step.from, section.written);
  }
  ComplainAboutCircles();
}

void RewriteReader::ComplainAboutCircles() {
  std::vector<RewriteStep> steps;
  for (const Section& section : sections_) {
    steps.push_back(section.step);
  }
  std::vector<std::vector<size_t>> known;  // each sorted
  for (size_t start = 0; start < steps.size(); ++start) {
    std::vector<size_t> circle = FindRewriteCircle(steps, start);
    std::sort(circle.begin(), circle.end());
    if (circle.empty() || std::find(known.begin(), known.end(), circle) != known.end()) {
      continue;
    }
    std::string names;
    for (size_t i = 0; i < circle.size(); ++i) {
      names += i == 0 ? "" : i + 1 < circle.size() ? ", " : " and ";
      names += Quote(sections_[circle[i]].name);
    }
    context_->Complain(sections_[circle.back()].place,
                       "the rewrites " + names + " lead in a circle");
    known.push_back(std::move(circle));
  }
}

}  // namespace config
