// A list file: one pattern a line, `#` comments, blank lines.
#ifndef GOCHAIN_CONFIG_LIST_FILE_H_
#define GOCHAIN_CONFIG_LIST_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/list_writer.h"
#include "config/pattern_parser.h"

namespace config {

inline constexpr size_t kLargestList = size_t{1} << 30;  // bytes

// Walks the lines that have a pattern. A view of the text; allocates nothing.
class ListLines {
 public:
  explicit ListLines(std::string_view text);

  // False: there are no more.
  bool Next();
  uint32_t number() const { return number_; }
  // Without its comment, line end and the blanks around it; not empty.
  std::string_view text() const { return text_; }
  size_t size() const { return size_; }  // of the whole line, in bytes

 private:
  std::string_view rest_;
  uint32_t number_ = 0;
  std::string_view text_;
  size_t size_ = 0;
};

// What stands on a line of a list: any pattern but those of programs and other lists.
std::optional<Complaint> ParseListPattern(std::string_view text, ParsedPattern* out);

// Adds the patterns of `text` to `list`, and what is wrong with them, by the list's `name`, to
// `diagnostics`: no more than twenty, and how many more there are. False: something is wrong.
bool CompileList(std::string_view text, const std::string& name, ListWriter* list,
                 std::vector<Diagnostic>* diagnostics);

}  // namespace config

#endif  // GOCHAIN_CONFIG_LIST_FILE_H_
