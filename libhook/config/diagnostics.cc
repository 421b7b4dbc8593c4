#include "config/diagnostics.h"

#include "config/redact.h"

namespace config {

std::string Diagnostic::Text() const {
  std::string text = file;
  if (line > 0) {
    text += ":" + std::to_string(line);
  }
  text += ": " + message;
  if (!hint.empty()) {
    text += " (did you mean '" + hint + "'?)";
  }
  return text;
}

void DiagnosticList::Add(uint32_t line, Complaint complaint) {
  // Checks that run over all sections find their lines out of order; few are ever out of place.
  size_t at = list_.size();
  while (at > 0 && list_[at - 1].line > line) {
    --at;
  }
  Diagnostic entry{file_, line, std::move(complaint.message), std::move(complaint.hint)};
  list_.insert(list_.begin() + static_cast<std::ptrdiff_t>(at), std::move(entry));
}

std::string Quote(std::string_view text) {
  std::string out = "'";
  out += text.find("://") != std::string_view::npos ? RedactUrl(text) : std::string(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7f) {
      c = '?';
    }
  }
  return out + "'";
}

}  // namespace config
