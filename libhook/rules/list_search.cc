#include "rules/list_search.h"

#include <vector>

#include "base/file.h"
#include "config/list_file.h"
#include "config/list_writer.h"
#include "rules/list_match.h"

namespace rules {
namespace {

// Many lines at a time are compiled and asked; then those of the lines that one was in. So a line
// takes what the list takes, with no second matcher to keep in step.
constexpr size_t kLinesAtATime = 4096;

struct Line {
  uint32_t number;
  std::string_view text;
};

bool Takes(std::span<const Line> lines, const Query& query, Standing standing) {
  config::ListWriter writer;
  config::ParsedPattern parsed;
  for (const Line& line : lines) {
    if (!config::ParseListPattern(line.text, &parsed)) {
      writer.Add(parsed);
    }
  }
  const std::vector<uint8_t> image = writer.Finish({}, {});
  const auto view = config::ListView::FromImage(image);
  return view.ok() && ListTakes(view.value(), query, standing);
}

}  // namespace

std::optional<ListLine> FindInList(const config::Config& config, const config::Pattern& pattern,
                                   const Query& query) {
  if (pattern.kind != config::PatternKind::kList || pattern.exe_only) {
    return std::nullopt;
  }
  const std::string path(config.text(config.lists()[pattern.list].full_path));
  std::string text;
  if (base::ReadFile(path, config::kLargestList, &text) != 0) {
    return std::nullopt;
  }
  const Standing standing = StandingOf(config, query);
  config::ListLines reader(text);
  for (bool more = true; more;) {
    std::vector<Line> lines;
    while (lines.size() < kLinesAtATime && (more = reader.Next())) {
      lines.push_back({reader.number(), reader.text()});
    }
    if (!Takes(lines, query, standing)) {
      continue;
    }
    for (const Line& line : lines) {
      if (Takes({&line, 1}, query, standing)) {
        return ListLine{line.number, std::string(line.text)};
      }
    }
  }
  return std::nullopt;
}

}  // namespace rules
