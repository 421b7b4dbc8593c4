#include "config/goprivate.h"

#include <algorithm>
#include <string_view>

#include "base/file.h"
#include "config/go_glob.h"
#include "config/host_name.h"

namespace config {
namespace {

constexpr size_t kLargestFile = size_t{1} << 20;
constexpr std::string_view kBlanks = " \t\r";

std::string_view Trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

class Reader {
 public:
  Reader(std::span<const EnvChange> changes, GetenvFn getenv_fn)
      : changes_(changes), getenv_fn_(getenv_fn) {
    const std::string path = FilePath();
    // Go, too, does without a file that it can't read.
    if (!path.empty() && base::ReadFile(path, kLargestFile, &file_) != 0) {
      file_.clear();
    }
  }

  std::string Get(std::string_view name) const {
    std::string value = Variable(name);
    return value.empty() ? FromFile(name) : value;
  }

 private:
  std::string Variable(std::string_view name) const {
    return CommandVariable(changes_, name, getenv_fn_).value_or("");
  }

  // cmd/go's envFile(), with os.UserConfigDir().
  std::string FilePath() const {
    const std::string named = Variable("GOENV");
    if (!named.empty()) {
      return named == "off" ? "" : named;
    }
    const std::string folder = Variable("XDG_CONFIG_HOME");
    if (!folder.empty()) {
      return folder.starts_with('/') ? folder + "/go/env" : "";
    }
    const std::string home = Variable("HOME");
    return home.empty() ? "" : home + "/.config/go/env";
  }

  // Lines NAME=VALUE, of which the last counts.
  std::string FromFile(std::string_view name) const {
    std::string_view rest = file_;
    std::string_view value;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (line.starts_with(name) && line.substr(name.size()).starts_with('=')) {
        value = line.substr(name.size() + 1);
      }
    }
    return std::string(value);
  }

  std::span<const EnvChange> changes_;
  GetenvFn getenv_fn_;
  std::string file_;
};

// Go's module.MatchPrefixPatterns takes a final '/' off.
void Take(std::string_view element, GoPrivate* out) {
  element = Trim(element);
  if (element.ends_with('/')) {
    element.remove_suffix(1);
  }
  if (element.empty()) {
    return;
  }
  std::vector<std::string>* const list = !IsGoGlob(element) ? &out->malformed
                                         : element.find('/') != std::string_view::npos
                                             ? &out->paths
                                             : &out->globs;
  std::string text = list == &out->globs ? LowerCase(element) : std::string(element);
  if (std::find(list->begin(), list->end(), text) == list->end()) {
    list->push_back(std::move(text));
  }
}

}  // namespace

GoPrivate ReadGoPrivate(std::span<const EnvChange> changes, GetenvFn getenv_fn) {
  const Reader reader(changes, getenv_fn);
  GoPrivate out;
  for (const char* const name : {"GOPRIVATE", "GONOPROXY"}) {
    const std::string value = reader.Get(name);
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t comma = rest.find(',');
      Take(rest.substr(0, comma), &out);
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
  }
  return out;
}

}  // namespace config
