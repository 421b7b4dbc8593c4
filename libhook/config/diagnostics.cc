#include "config/diagnostics.h"

#include "config/redact.h"

namespace config {

namespace {

// A URL, or "alice:secret@host:8080" without its type; "exe:git@host:22" is a pattern.
bool MayHavePassword(std::string_view text) {
  const size_t colon = text.find(':');
  return text.find("://") != std::string_view::npos ||
         (colon != std::string_view::npos && text.find('@', colon) != std::string_view::npos &&
          !text.starts_with("exe:"));
}

}  // namespace

std::string Diagnostic::Text() const {
  std::string text = file;
  if (line > 0) {
    text += ":" + std::to_string(line);
  }
  text += warning ? ": warning: " : ": ";
  text += message;
  if (!hint.empty()) {
    text += " (did you mean '" + hint + "'?)";
  }
  return text;
}

uint16_t DiagnosticList::AddFile(std::string name) {
  files_.push_back(std::move(name));
  return static_cast<uint16_t>(files_.size() - 1);
}

void DiagnosticList::Add(Place place, Complaint complaint) {
  errors_.push_back({place,
                     {files_[place.file], place.line, std::move(complaint.message),
                      std::move(complaint.hint), false}});
}

void DiagnosticList::Warn(Place place, std::string message) {
  warnings_.push_back({place, {files_[place.file], place.line, std::move(message), {}, true}});
}

void DiagnosticList::Note(Place place, std::string message) {
  notes_.push_back({place, {files_[place.file], place.line, std::move(message), {}, true}});
}

std::string DiagnosticList::Reference(Place place, Place from) const {
  const std::string line = std::to_string(place.line);
  return place.file == from.file ? "line " + line : files_[place.file] + ":" + line;
}

std::vector<Diagnostic> DiagnosticList::Sorted(std::vector<Entry> entries) {
  // Checks that run over all sections find their lines out of order; few are ever out of place.
  std::vector<Diagnostic> out;
  out.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    for (size_t j = i; j > 0 && entries[j].place < entries[j - 1].place; --j) {
      std::swap(entries[j], entries[j - 1]);
    }
  }
  for (Entry& entry : entries) {
    out.push_back(std::move(entry.diagnostic));
  }
  return out;
}

std::string Shown(std::string_view text) {
  std::string out = MayHavePassword(text) ? RedactUrl(text) : std::string(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7f) {
      c = '?';
    }
  }
  return out;
}

std::string Quote(std::string_view text) { return "'" + Shown(text) + "'"; }

}  // namespace config
