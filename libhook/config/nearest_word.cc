#include "config/nearest_word.h"

#include <algorithm>
#include <vector>

#include "base/ascii.h"

namespace config {
namespace {

using base::ToLower;

// Optimal string alignment distance, three rows at a time.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = ToLower(a[i - 1]) == ToLower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && ToLower(a[i - 1]) == ToLower(b[j - 2]) &&
          ToLower(a[i - 2]) == ToLower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::string NearestWord(std::string_view word, std::span<const std::string_view> known) {
  // Words this long are nobody's typing error, and the table is quadratic.
  constexpr size_t kLongest = 64;
  std::string_view best;
  size_t best_distance = 0;
  if (word.size() > kLongest) {
    return {};
  }
  for (const std::string_view candidate : known) {
    const size_t distance = Distance(word, candidate);
    const size_t tolerated = std::max<size_t>(1, (std::max(word.size(), candidate.size()) + 1) / 3);
    if (distance <= tolerated && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return std::string(best);
}

}  // namespace config
