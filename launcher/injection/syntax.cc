#include "injection/syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "config/utf8.h"

namespace injection {
namespace {

// `text` between two `quote`s, each byte of `special` as `escape` and itself.
std::string Quoted(std::string_view text, char quote, std::string_view special,
                   std::string_view escape) {
  std::string out(1, quote);
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) {
      out += escape;
    }
    out += c;
  }
  return out += quote;
}

// Nothing but a quote ends a string in single quotes, and nothing escapes it there.
std::string ShQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? std::string_view("'\\''") : std::string_view(&c, 1);
  }
  return out += '\'';
}

std::string FishQuoted(std::string_view text) { return Quoted(text, '\'', "'\\", "\\"); }

// Readers of such files know quotes or don't (docker run --env-file), so they stand only where sh
// needs them; and single ones, which leave a '$' alone, where there is a choice.
std::string DotenvValue(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-+./:,@%=").find(c) != std::string_view::npos;
  };
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    return std::string(text);
  }
  return text.find('\'') == std::string_view::npos ? Quoted(text, '\'', "", "")
                                                   : Quoted(text, '"', "\"$`\\", "\\");
}

bool HasLine(std::string_view text, std::string_view line) {
  while (true) {
    const size_t end = text.find('\n');
    if (text.substr(0, end) == line) {
      return true;
    }
    if (end == std::string_view::npos) {
      return false;
    }
    text.remove_prefix(end + 1);
  }
}

std::string GithubLine(const config::EnvChange& change) {
  if (change.value.find('\n') == std::string::npos) {
    return fmt::format("{}={}", change.name, change.value);
  }
  std::string end = "GOCHAIN_END";
  while (HasLine(change.value, end)) {
    end += '_';
  }
  return fmt::format("{}<<{}\n{}\n{}", change.name, end, change.value, end);
}

// What the reader would make another value of. GitHub's runner and GitLab decode UTF-8. GitLab
// takes blanks at the ends away and knows no quotes and no line breaks; its documentation rules
// blanks out altogether, and whether a '$' is expanded depends on how the later job gets the
// report.
std::string_view CannotHold(Syntax syntax, std::string_view value) {
  if (syntax != Syntax::kGithub && syntax != Syntax::kGitlab) {
    return "";
  }
  if (!config::IsUtf8(value)) {
    return "bytes that aren't UTF-8";
  }
  if (syntax == Syntax::kGitlab) {
    if (value.find_first_of(" \t\r\n\v\f") != std::string_view::npos) {
      return "a blank or a line break";
    }
    if (value.find('$') != std::string_view::npos) {
      return "a '$'";
    }
  }
  return "";
}

std::string Line(const config::EnvChange& change, Syntax syntax) {
  switch (syntax) {
    case Syntax::kSh:
      return change.unset ? "unset " + change.name
                          : fmt::format("export {}={}", change.name, ShQuoted(change.value));
    case Syntax::kFish:
      // A universal variable may come out from behind the erased one. That is the user's, for all
      // shells, so it is hidden here alone.
      return change.unset ? fmt::format("set -eg {0}; set -qx {0}; and set -gx {0} ''", change.name)
                          : fmt::format("set -gx {} {}", change.name, FishQuoted(change.value));
    case Syntax::kGithub:
      return GithubLine(change);
    case Syntax::kGitlab:
      return fmt::format("{}={}", change.name, change.value);
    case Syntax::kDotenv:
      return fmt::format("{}={}", change.name, DotenvValue(change.value));
  }
  return "";
}

}  // namespace

bool ParseSyntax(std::string_view word, Syntax* out) {
  const auto* const found = std::find(std::begin(kSyntaxWords), std::end(kSyntaxWords), word);
  if (found == std::end(kSyntaxWords)) {
    return false;
  }
  *out = static_cast<Syntax>(found - std::begin(kSyntaxWords));
  return true;
}

bool Format(std::span<const config::EnvChange> changes, Syntax syntax, std::string* text,
            std::string* error) {
  text->clear();
  for (const config::EnvChange& change : changes) {
    if (const std::string_view what = CannotHold(syntax, change.value); !what.empty()) {
      *error = fmt::format("--env={}: the value of {} has {}, which can't be said there",
                           kSyntaxWords[static_cast<size_t>(syntax)], change.name, what);
      return false;
    }
    *text += Line(change, syntax) + "\n";
  }
  return true;
}

}  // namespace injection
