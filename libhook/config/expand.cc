#include "config/expand.h"

#include "config/utf8.h"

namespace config {
namespace {

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// `text` stands between the braces.
std::optional<Complaint> TakeBraces(std::string_view text, GetenvFn getenv_fn, std::string* out) {
  const size_t split = text.find(":-");
  const std::string_view name = text.substr(0, split);
  if (split != std::string_view::npos && IsVariableName(name)) {
    const char* const value = getenv_fn(std::string(name).c_str());
    if (value == nullptr || *value == '\0') {
      *out = text.substr(split + 2);
      return std::nullopt;
    }
  }
  return TakeVariable(name, getenv_fn, out);
}

}  // namespace

bool IsVariableName(std::string_view text) {
  for (const char c : text) {
    if (!IsNameByte(c)) {
      return false;
    }
  }
  return !text.empty() && !(text.front() >= '0' && text.front() <= '9');
}

Complaint BadVariableName(std::string_view text) {
  return {"bad variable name " + Quote(text), {}};
}

std::optional<Complaint> TakeVariable(std::string_view name, GetenvFn getenv_fn, std::string* out) {
  if (!IsVariableName(name)) {
    return BadVariableName(name);
  }
  const char* const value = getenv_fn(std::string(name).c_str());
  if (value == nullptr) {
    return Complaint{"the variable " + Quote(name) + " is not set", {}};
  }
  if (const int byte = FindControlByte(value); byte >= 0) {
    return Complaint{"the variable " + Quote(name) + " has " + ControlByteText(byte), {}};
  }
  *out = value;
  return std::nullopt;
}

std::optional<Complaint> ExpandVariables(std::string_view text, GetenvFn getenv_fn,
                                         std::string* out) {
  out->clear();
  while (!text.empty()) {
    const size_t begin = text.find("${");
    *out += text.substr(0, begin);
    if (begin == std::string_view::npos) {
      break;
    }
    text.remove_prefix(begin + 2);
    const size_t end = text.find('}');
    if (end == std::string_view::npos) {
      return Complaint{"'${' without '}'", {}};
    }
    std::string value;
    if (auto complaint = TakeBraces(text.substr(0, end), getenv_fn, &value)) {
      return complaint;
    }
    *out += value;
    text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::optional<Complaint> ExpandPath(std::string_view text, std::string_view folder,
                                    GetenvFn getenv_fn, std::string* out) {
  std::string home;
  if (text == "~" || text.starts_with("~/")) {
    const char* const value = getenv_fn("HOME");
    if (value == nullptr || *value == '\0') {
      return Complaint{"'~' needs HOME, which is not set", {}};
    }
    home = value;
    text.remove_prefix(1);
  }
  std::string rest;
  if (auto complaint = ExpandVariables(text, getenv_fn, &rest)) {
    return complaint;
  }
  const bool joined = home.empty() && !rest.starts_with('/');
  *out = (joined ? std::string(folder) : home) + rest;
  return std::nullopt;
}

}  // namespace config
