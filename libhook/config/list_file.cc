#include "config/list_file.h"

#include "config/host_name.h"
#include "config/utf8.h"

namespace config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kBlanks = " \t";
constexpr size_t kLongestLine = 4096;
// A file that is no list at all shall not fill the screen.
constexpr size_t kMostDiagnostics = 20;

// What geosite lists write in front of a domain, and what stands in front of it here.
constexpr struct {
  std::string_view theirs;
  const char* ours;
} kGeositePrefixes[] = {
    {"domain:", "."}, {"full:", ""}, {"keyword:", nullptr}, {"regexp:", nullptr}};

std::string_view WithoutComment(std::string_view line) {
  for (size_t i = line.find('#'); i != std::string_view::npos; i = line.find('#', i + 1)) {
    if (i == 0 || kBlanks.find(line[i - 1]) != std::string_view::npos) {
      return line.substr(0, i);
    }
  }
  return line;
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Nearly all lines are names as they shall be in the image; these need none of the pattern parser.
// kAny: it isn't one.
PatternKind PlainNameKind(std::string_view* text) {
  const bool self = text->starts_with('.');
  const bool below = text->starts_with("*.");
  const std::string_view host = text->substr(self ? 1 : below ? 2 : 0);
  if (!IsHostName(host) || host.ends_with('.')) {
    return PatternKind::kAny;
  }
  for (const char c : host) {
    if (c >= 'A' && c <= 'Z') {
      return PatternKind::kAny;
    }
  }
  *text = host;
  return self ? PatternKind::kSelfOrBelow : below ? PatternKind::kBelow : PatternKind::kExact;
}

}  // namespace

ListLines::ListLines(std::string_view text) : rest_(text) {
  if (rest_.starts_with(kByteOrderMark)) {
    rest_.remove_prefix(kByteOrderMark.size());
  }
}

bool ListLines::Next() {
  while (!rest_.empty()) {
    const size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    size_ = line.size();
    text_ = Trim(WithoutComment(line));
    if (!text_.empty()) {
      return true;
    }
  }
  return false;
}

std::optional<Complaint> ParseListPattern(std::string_view text, ParsedPattern* out) {
  const auto complain = [text](const char* what, std::string hint = {}) {
    return Complaint{"the pattern " + Quote(text) + " " + what, std::move(hint)};
  };
  if (const int byte = FindControlByte(text); byte >= 0) {
    constexpr char kDigits[] = "0123456789abcdef";
    return Complaint{std::string("the line has a control byte (0x") + kDigits[byte >> 4] +
                         kDigits[byte & 15] + ")",
                     {}};
  }
  if (!IsUtf8(text)) {
    return Complaint{"the line is not valid UTF-8", {}};
  }
  if (text.find_first_of(kBlanks) != std::string_view::npos) {
    return Complaint{"more than one pattern on the line", {}};
  }
  for (const auto& prefix : kGeositePrefixes) {
    if (text.starts_with(prefix.theirs)) {
      const std::string_view host = text.substr(prefix.theirs.size());
      const bool known = prefix.ours != nullptr && IsHostName(host);
      return complain("has an unknown prefix", known ? prefix.ours + std::string(host) : "");
    }
  }
  const std::string set = LowerCase(text.substr(0, text.find(':')));
  if (set == "@file" || set == "@goprivate" || text.starts_with("exe:")) {
    return complain("can't stand in a list");
  }
  // In a rule it would begin another one; here it is of dnsmasq's files.
  if (text.find('=') != std::string_view::npos) {
    return complain("is neither a host name nor an address");
  }
  return ParsePattern(text, out);
}

bool CompileList(std::string_view text, const std::string& name, ListWriter* list,
                 std::vector<Diagnostic>* diagnostics) {
  size_t wrong = 0;
  ParsedPattern parsed;
  for (ListLines lines(text); lines.Next();) {
    std::string_view pattern = lines.text();
    std::optional<Complaint> complaint;
    if (lines.size() > kLongestLine) {
      complaint =
          Complaint{"the line is " + std::to_string(lines.size()) + " bytes long; at most " +
                        std::to_string(kLongestLine) + " are taken",
                    {}};
    } else if (const PatternKind kind = PlainNameKind(&pattern); kind != PatternKind::kAny) {
      list->AddName(kind, pattern);
    } else if (complaint = ParseListPattern(pattern, &parsed); !complaint) {
      list->Add(parsed);
    }
    if (complaint && ++wrong <= kMostDiagnostics) {
      diagnostics->push_back(
          {name, lines.number(), std::move(complaint->message), std::move(complaint->hint)});
    }
  }
  if (wrong > kMostDiagnostics) {
    diagnostics->push_back(
        {name, 0, "and " + std::to_string(wrong - kMostDiagnostics) + " more", {}});
  }
  return wrong == 0;
}

}  // namespace config
