#include "config/ini_file.h"

#include <ini.h>

#include "base/ascii.h"
#include "config/schema.h"
#include "config/utf8.h"

namespace config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

using base::Trim;

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Where a ';' comment begins: inih takes one for a comment only behind a blank.
size_t CommentStart(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ';' && IsBlank(text[i - 1])) {
      return i;
    }
  }
  return text.size();
}

// Hands the lines of a file to inih, which calls OnEntry() before it asks for the next one; so the
// line at hand is always the entry's. Lines that must not reach inih go to it as empty ones.
class LineFeeder {
 public:
  LineFeeder(std::string_view text, uint16_t file, DiagnosticList* diagnostics)
      : rest_(text), place_{file, 0}, diagnostics_(diagnostics) {
    if (rest_.starts_with(kByteOrderMark)) {
      rest_.remove_prefix(kByteOrderMark.size());
    }
  }

  IniFile Parse() {
    ini_parse_stream(&LineFeeder::OnLine, this, &LineFeeder::OnEntry, this);
    return std::move(file_);
  }

 private:
  // What a line that was refused takes with it.
  enum class Skip : uint8_t { kNothing, kContinuations, kSection };

  static char* OnLine(char* buffer, int size, void* self) {
    auto* const feeder = static_cast<LineFeeder*>(self);
    if (feeder->rest_.empty()) {
      return nullptr;
    }
    const std::string_view line = feeder->NextForInih();
    // Classify() lets no line through that doesn't fit; this is for the memory's sake alone.
    const size_t room = static_cast<size_t>(size) - 1;
    const size_t length = line.size() < room ? line.size() : room;
    line.copy(buffer, length);
    buffer[length] = '\0';
    return buffer;
  }

  static int OnEntry(void* self, const char*, const char* name, const char* value) {
    auto* const feeder = static_cast<LineFeeder*>(self);
    feeder->AddEntry(name, value);
    return 1;
  }

  std::string_view NextForInih() {
    const size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line_.ends_with('\r')) {
      line_.remove_suffix(1);
    }
    ++place_.line;
    if (line_.starts_with(kByteOrderMark)) {
      Complain("a byte order mark stands only at the beginning of a file");
      line_.remove_prefix(kByteOrderMark.size());
    }
    return Classify();
  }

  // The line as inih shall see it; empty where it shall not.
  std::string_view Classify() {
    const std::string_view trimmed = Trim(line_);
    if (trimmed.empty()) {
      return {};
    }
    const bool comment = trimmed.front() == ';' || trimmed.front() == '#';
    const bool indented = IsBlank(line_.front());
    const bool header = trimmed.front() == '[' && (!indented || !HasKey() || IsHeader(trimmed));
    continues_ = indented && HasKey() && !header;
    if (!comment && header) {
      skip_ = Skip::kNothing;
    }
    if (!TakesBytes()) {
      if (!comment) {
        Refuse(header);
      }
      return {};
    }
    if (comment) {
      return {};
    }
    if (header) {
      return TakeHeader(trimmed, indented);
    }
    if (skip_ == Skip::kSection || (skip_ == Skip::kContinuations && continues_)) {
      return {};
    }
    return continues_ ? line_ : TakeKey(trimmed);
  }

  bool TakesBytes() {
    if (line_.size() > kLongestLine) {
      Complain("the line is " + std::to_string(line_.size()) + " bytes long; at most " +
               std::to_string(kLongestLine) + " are taken");
      return false;
    }
    if (const int byte = FindControlByte(line_); byte >= 0) {
      Complain("the line has " + ControlByteText(byte));
      return false;
    }
    if (!IsUtf8(line_)) {
      Complain("the line is not valid UTF-8");
      return false;
    }
    return true;
  }

  // An address in brackets is a pattern of the line above; a section's word is none.
  static bool IsHeader(std::string_view trimmed) {
    const std::string_view inside = trimmed.substr(1);
    return FindSection(inside.substr(0, inside.find_first_of(" \t]"))) != nullptr;
  }

  std::string_view TakeHeader(std::string_view trimmed, bool indented) {
    const size_t end = trimmed.substr(0, CommentStart(trimmed)).find(']');
    if (end == std::string_view::npos) {
      Complain("the section header has no ']'");
      Refuse(true);
      return {};
    }
    const std::string_view after = Trim(trimmed.substr(end + 1));
    if (!after.empty() && after.front() != ';' && after.front() != '#') {
      Complain("text behind the section header's ']'");
    }
    if (indented && HasKey()) {
      Complain("a section header stands at the beginning of its line");
    }
    key_.clear();
    skip_ = Skip::kNothing;
    file_.sections.push_back({std::string(Trim(trimmed.substr(1, end - 1))), place_});
    // Without its indent, so that inih sees a header too; what it thinks the section is called (it
    // keeps 49 bytes) is of no interest.
    return "[section]";
  }

  std::string_view TakeKey(std::string_view trimmed) {
    skip_ = Skip::kNothing;
    const std::string_view code = trimmed.substr(0, CommentStart(trimmed));
    const size_t split = code.find_first_of("=:");
    if (split == std::string_view::npos) {
      Complain("expected KEY = VALUE");
    } else if (split == 0) {
      Complain("no key before the '" + std::string(1, code[0]) + "'");
    } else if (file_.sections.empty()) {
      Complain("the key " + Quote(Trim(code.substr(0, split))) + " stands before any [section]");
    } else {
      key_ = Trim(code.substr(0, split));
      return line_;
    }
    Refuse(false);
    return {};
  }

  void AddEntry(std::string_view name, std::string_view value) {
    if (continues_) {
      // inih cuts this name at 49 bytes, and leaves the comment of a continuation where it is.
      name = key_;
      value = Trim(value.substr(0, CommentStart(value)));
    }
    file_.entries.push_back({file_.sections.size() - 1, std::string(name), std::string(value),
                             place_, std::string(Trim(line_)), continues_});
  }

  bool HasKey() const { return !key_.empty() || skip_ == Skip::kContinuations; }

  void Refuse(bool header) {
    if (header) {
      skip_ = Skip::kSection;
      key_.clear();
    } else if (!continues_ && skip_ != Skip::kSection) {
      skip_ = Skip::kContinuations;
    }
  }

  void Complain(std::string message) { diagnostics_->Add(place_, {std::move(message), {}}); }

  std::string_view rest_;
  Place place_;
  DiagnosticList* diagnostics_;
  IniFile file_;
  std::string_view line_;
  std::string key_;         // that an indented line would continue
  bool continues_ = false;  // the line at hand does
  Skip skip_ = Skip::kNothing;
};

}  // namespace

IniFile ParseIni(std::string_view text, uint16_t file, DiagnosticList* diagnostics) {
  return LineFeeder(text, file, diagnostics).Parse();
}

}  // namespace config
