#include "config/rule_section.h"

#include "config/pattern_parser.h"
#include "config/values.h"

namespace config {

bool RuleReader::Read(const IniEntry& entry) {
  if (!entry.continues) {
    FinishRule();
    Route route;
    if (auto complaint = context_->names().FindRoute(entry.key, &route)) {
      context_->Complain(entry.place, std::move(*complaint));
      return false;
    }
    route_ = route;
    rule_place_ = entry.place;
    has_pattern_ = false;
  }
  std::string_view rest = entry.value;
  for (std::string_view word = NextWord(&rest); !word.empty(); word = NextWord(&rest)) {
    has_pattern_ = true;
    ReadPattern(word, entry);
    if (word.front() == '#') {
      break;  // what was meant for a comment was complained about once
    }
  }
  return true;
}

void RuleReader::ReadPattern(std::string_view word, const IniEntry& entry) {
  ParsedPattern parsed;
  if (auto complaint = ParsePattern(word, &parsed)) {
    context_->Complain(entry.place, std::move(*complaint));
    return;
  }
  const Source source = context_->SourceOf(entry);
  if (parsed.kind == PatternKind::kList) {
    std::string path;
    if (!context_->ExpandPath(entry.place, parsed.host, &path)) {
      return;
    }
    if (auto complaint = context_->lists().Add(parsed.host, path, source, &parsed.list)) {
      context_->Complain(entry.place, std::move(*complaint));
      return;
    }
    parsed.host.clear();
  }
  if (parsed.kind == PatternKind::kGoGlob) {
    AddGoPrivate(std::move(parsed), word, entry);
    return;
  }
  context_->image().AddPattern(parsed, word, *route_, source);
}

// One word stands for as many patterns as the variables have.
void RuleReader::AddGoPrivate(ParsedPattern parsed, std::string_view word, const IniEntry& entry) {
  if (!go_private_) {
    go_private_ = ReadGoPrivate(env_, context_->environment());
    for (const std::string& glob : go_private_->malformed) {
      context_->Warn(entry.place,
                     "the GOPRIVATE pattern " + Quote(glob) + " is malformed, ignoring");
    }
    for (const std::string& path : go_private_->paths) {
      context_->Note(entry.place, "the GOPRIVATE pattern " + Quote(path) +
                                      " has a path, which a host alone can't decide, ignoring");
    }
    if (go_private_->globs.empty()) {
      context_->Note(entry.place, "@goprivate names no host");
    }
  }
  for (const std::string& glob : go_private_->globs) {
    parsed.host = glob;
    context_->image().AddPattern(parsed, word, *route_, context_->SourceOf(entry));
  }
}

std::vector<std::string> RuleReader::Finish() {
  FinishRule();
  return go_private_ ? std::move(go_private_->paths) : std::vector<std::string>();
}

void RuleReader::FinishRule() {
  if (route_ && !has_pattern_) {
    context_->Complain(rule_place_, "the rule has no pattern");
  }
  route_.reset();
}

}  // namespace config
