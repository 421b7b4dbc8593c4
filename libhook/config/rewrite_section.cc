#include "config/rewrite_section.h"

#include <algorithm>

#include "config/host_name.h"
#include "config/image.h"
#include "config/pattern_parser.h"
#include "config/values.h"

namespace config {
namespace {

bool IsTaken(const ParsedPattern& from) {
  switch (from.kind) {
    case PatternKind::kExact:
    case PatternKind::kSelfOrBelow:
    case PatternKind::kBelow:
    case PatternKind::kGlob:
    case PatternKind::kAddress:
      return from.exe.empty();
    case PatternKind::kAny:
      return from.exe.empty() && (from.low_port > 0 || from.high_port < 65535);
    case PatternKind::kLoopback:
    case PatternKind::kPrivate:
    case PatternKind::kGoGlob:
    case PatternKind::kList:
      return false;
  }
  return false;
}

// HOST, HOST:PORT, ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT or :PORT.
bool ParseTo(std::string_view text, RewriteStep* out) {
  std::string_view host = text;
  if (const auto whole = base::IpAddress::Parse(text); !whole) {
    const size_t colon = text.rfind(':');
    if (colon != std::string_view::npos) {
      host = text.substr(0, colon);
      if (!ParsePort(text.substr(colon + 1), &out->to_port)) {
        return false;
      }
      if (host.empty()) {
        return true;
      }
    }
  }
  if (const auto address = base::IpAddress::Parse(host)) {
    out->to_is_address = true;
    out->to_address = *address;
    // Without its brackets an IPv6 address takes no port.
    return host.size() == text.size() || host.starts_with('[') ||
           host.find(':') == std::string_view::npos;
  }
  out->to_host = CanonicalName(host);
  return IsHostName(host);
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
  if (auto complaint = ParsePattern(word, &section->step.from)) {
    context_->Complain(entry.place, std::move(*complaint));
    return;
  }
  if (!IsTaken(section->step.from)) {
    context_->Complain(entry.place, "'from' takes no " + Quote(word));
    return;
  }
  section->written = word;
  section->has_from = true;
}

void RewriteReader::ReadTo(const IniEntry& entry, Section* section) {
  if (!ParseTo(entry.value, &section->step)) {
    context_->Complain(entry.place, "bad to " + Quote(entry.value) +
                                        ": HOST, HOST:PORT, [ADDRESS]:PORT or :PORT is needed");
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
