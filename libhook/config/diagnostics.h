// Diagnostics: what is wrong with a rules file, -p or the environment, each with its place.
#ifndef GOCHAIN_CONFIG_DIAGNOSTICS_H_
#define GOCHAIN_CONFIG_DIAGNOSTICS_H_

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
  std::string hint;  // the nearest known word; empty: none

  std::string Text() const;
};

// What is wrong with one word, before its place is known.
struct Complaint {
  std::string message;
  std::string hint;
};

// The complaints of one input, in the order of its lines.
class DiagnosticList {
 public:
  explicit DiagnosticList(std::string file) : file_(std::move(file)) {}

  void Add(uint32_t line, Complaint complaint);
  bool empty() const { return list_.empty(); }
  // Gives the list up, sorted by line.
  std::vector<Diagnostic> Take() { return std::move(list_); }

 private:
  std::string file_;
  std::vector<Diagnostic> list_;
};

// "'text'" for a message: control bytes become '?', the credentials of URLs are hidden.
std::string Quote(std::string_view text);

}  // namespace config

#endif  // GOCHAIN_CONFIG_DIAGNOSTICS_H_
