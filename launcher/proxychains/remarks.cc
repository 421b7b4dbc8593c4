#include "proxychains/remarks.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/ini_file.h"
#include "config/utf8.h"

namespace proxychains {
namespace {

constexpr size_t kWidth = 98;
// A word that is longer than this (of a path, say) is cut: no line holds it.
constexpr size_t kLongestWord = config::kLongestLine - 4;

std::string Place(std::string_view file, uint32_t line) {
  return line == 0 ? fmt::format("{}:", file) : fmt::format("{}:{}:", file, line);
}

// Names of files and directives may be in any encoding; a rules file is UTF-8 without controls.
std::string PlainLine(std::string line) {
  if (!config::IsUtf8(line) || config::FindControlByte(line) >= 0) {
    for (char& c : line) {
      const auto byte = static_cast<unsigned char>(c);
      c = byte < ' ' || byte >= 0x7f ? '?' : c;
    }
  }
  return line + "\n";
}

}  // namespace

void Remarks::Add(Remark remark) {
  const auto behind =
      std::upper_bound(list_.begin(), list_.end(), remark.line,
                       [](uint32_t line, const Remark& other) { return line < other.line; });
  list_.insert(behind, std::move(remark));
}

std::string Remarks::Comments(std::string_view file) const {
  std::string out;
  for (const Remark& remark : list_) {
    out += Comment(fmt::format("{} {}", Place(file, remark.line), remark.text));
  }
  return out;
}

std::vector<std::string> Remarks::Warnings(std::string_view file) const {
  std::vector<std::string> out;
  for (const Remark& remark : list_) {
    if (remark.is_warning) {
      out.push_back(fmt::format("{} warning: {}", Place(file, remark.line), remark.text));
    }
  }
  return out;
}

std::string Comment(std::string_view text) {
  std::string out;
  std::string line = "#";
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (line.size() > 3 && line.size() + 1 + word.size() > kWidth) {
      out += PlainLine(line);
      line = "#  ";
    }
    line += " ";
    line += word.substr(0, kLongestWord);
  }
  return out + PlainLine(line);
}

}  // namespace proxychains
