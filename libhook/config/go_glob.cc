#include "config/go_glob.h"

#include <cstddef>

namespace config {
namespace {

enum class Answer { kNo, kYes, kMalformed };

// Takes one byte of a class off `glob`; false where none can stand there.
bool TakeClassByte(std::string_view* glob, char* out) {
  if (glob->empty() || glob->front() == '-' || glob->front() == ']') {
    return false;
  }
  if (glob->front() == '\\') {
    glob->remove_prefix(1);
    if (glob->empty()) {
      return false;
    }
  }
  *out = glob->front();
  glob->remove_prefix(1);
  return true;
}

// `glob` stands behind a '['.
Answer TakeClass(std::string_view* glob, char c) {
  const bool negated = glob->starts_with('^');
  glob->remove_prefix(negated ? 1 : 0);
  bool inside = false;
  for (size_t ranges = 0; ranges == 0 || !glob->starts_with(']'); ++ranges) {
    char low = 0;
    if (!TakeClassByte(glob, &low)) {
      return Answer::kMalformed;
    }
    char high = low;
    if (glob->starts_with('-')) {
      glob->remove_prefix(1);
      if (!TakeClassByte(glob, &high)) {
        return Answer::kMalformed;
      }
    }
    inside = inside || (low <= c && c <= high);
  }
  glob->remove_prefix(1);
  return inside != negated ? Answer::kYes : Answer::kNo;
}

// Takes what stands for one byte off `glob`: does it stand for `c`? REQUIRES: no '*' is next
Answer TakeOne(std::string_view* glob, char c) {
  const char first = glob->front();
  glob->remove_prefix(1);
  if (first == '?') {
    return Answer::kYes;
  }
  if (first == '[') {
    return TakeClass(glob, c);
  }
  if (first != '\\') {
    return first == c ? Answer::kYes : Answer::kNo;
  }
  if (glob->empty()) {
    return Answer::kMalformed;
  }
  const bool same = glob->front() == c;
  glob->remove_prefix(1);
  return same ? Answer::kYes : Answer::kNo;
}

}  // namespace

bool IsGoGlob(std::string_view glob) {
  while (!glob.empty()) {
    if (glob.front() == '*') {
      glob.remove_prefix(1);
    } else if (TakeOne(&glob, 'a') == Answer::kMalformed) {
      return false;
    }
  }
  return true;
}

// All but '*' stands for one byte, so going back to the last '*' is enough.
bool GoGlobTakes(std::string_view glob, std::string_view name) {
  bool starred = false;
  std::string_view behind_star;
  std::string_view resume;  // the name from where the last '*' ends
  while (true) {
    if (glob.starts_with('*')) {
      glob.remove_prefix(1);
      starred = true;
      behind_star = glob;
      resume = name;
      continue;
    }
    if (glob.empty() && name.empty()) {
      return true;
    }
    if (!glob.empty() && !name.empty() && TakeOne(&glob, name.front()) == Answer::kYes) {
      name.remove_prefix(1);
      continue;
    }
    if (!starred || resume.empty()) {
      return false;
    }
    resume.remove_prefix(1);
    glob = behind_star;
    name = resume;
  }
}

}  // namespace config
