// Diagnostics: what is wrong with a rules file, -p or the environment, each with its place.
#ifndef GOCHAIN_CONFIG_DIAGNOSTICS_H_
#define GOCHAIN_CONFIG_DIAGNOSTICS_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace config {

// "FILE:LINE: message (did you mean 'x'?)"; line 0: the file as a whole, "FILE: message".
struct Diagnostic {
  std::string file;
  uint32_t line = 0;
  std::string message;
  std::string hint;      // the nearest known word; empty: none
  bool warning = false;  // "FILE:LINE: warning: message"

  std::string Text() const;
};

// What is wrong with one word, before its place is known.
struct Complaint {
  std::string message;
  std::string hint;
};

// A line of an input, whose number DiagnosticList has given out; line 0: the input as a whole.
struct Place {
  uint16_t file = 0;
  uint32_t line = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

// The complaints and warnings of the rules file with all that it includes, or of another input.
class DiagnosticList {
 public:
  // `file` gets number 0.
  explicit DiagnosticList(std::string file) { AddFile(std::move(file)); }

  uint16_t AddFile(std::string name);
  const std::string& FileName(uint16_t file) const { return files_[file]; }
  void Add(Place place, Complaint complaint);
  void Warn(Place place, std::string message);
  // A warning that only those want who ask what a file is worth.
  void Note(Place place, std::string message);
  bool empty() const { return errors_.empty(); }
  // How one line speaks of another: "line 3", or "a.conf:3" where that is in another file.
  std::string Reference(Place place, Place from) const;
  // These give the lists up, sorted by file and line.
  std::vector<Diagnostic> Take() { return Sorted(std::move(errors_)); }
  std::vector<Diagnostic> TakeWarnings() { return Sorted(std::move(warnings_)); }
  std::vector<Diagnostic> TakeNotes() { return Sorted(std::move(notes_)); }

 private:
  struct Entry {
    Place place;
    Diagnostic diagnostic;
  };
  static std::vector<Diagnostic> Sorted(std::vector<Entry> entries);

  std::vector<std::string> files_;
  std::vector<Entry> errors_;
  std::vector<Entry> warnings_;
  std::vector<Entry> notes_;
};

// `text` for a message: control bytes become '?', and what may be a password is hidden.
std::string Shown(std::string_view text);

// The same in quotes.
std::string Quote(std::string_view text);

}  // namespace config

#endif  // GOCHAIN_CONFIG_DIAGNOSTICS_H_
