// Remarks: what an import has to tell about lines of a proxychains.conf.
//
// Launcher only.
#ifndef GOCHAIN_LAUNCHER_PROXYCHAINS_REMARKS_H_
#define GOCHAIN_LAUNCHER_PROXYCHAINS_REMARKS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proxychains {

class Remarks {
 public:
  // Line 0 is the file as a whole.
  void Note(uint32_t line, std::string text) { Add({line, std::move(text), false}); }
  // Connections may go another way than the file's author meant: told on standard error too.
  void Warn(uint32_t line, std::string text) { Add({line, std::move(text), true}); }

  bool empty() const { return list_.empty(); }
  // Lines "# FILE:LINE: text" of a rules file, folded, in the order of the file's lines.
  std::string Comments(std::string_view file) const;
  // "FILE:LINE: warning: text", in that order too.
  std::vector<std::string> Warnings(std::string_view file) const;

 private:
  struct Remark {
    uint32_t line;
    std::string text;
    bool is_warning;
  };

  void Add(Remark remark);

  std::vector<Remark> list_;  // by line
};

// `text` as comment lines of a rules file, folded at its blanks.
std::string Comment(std::string_view text);

}  // namespace proxychains

#endif  // GOCHAIN_LAUNCHER_PROXYCHAINS_REMARKS_H_
