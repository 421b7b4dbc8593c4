#include "config/redact.h"

#include <algorithm>

namespace config {

namespace {

// Without an '@' there should be no password, but "http://alice:secret" has forgotten its host:
// what follows the ':' and isn't a port is hidden.
std::string RedactPort(std::string_view text, size_t begin) {
  const size_t bracket = text.find(']', begin);
  const size_t colon = text.find(':', bracket == std::string_view::npos ? begin : bracket);
  if (colon == std::string_view::npos) {
    return std::string(text);
  }
  std::string_view port = text.substr(colon + 1);
  port = port.substr(0, port.find_first_of("/?#"));
  if (port.find_first_not_of("0123456789") == std::string_view::npos) {
    return std::string(text);
  }
  return std::string(text.substr(0, colon + 1)) + "***";
}

}  // namespace

std::string RedactUrl(std::string_view text) {
  const size_t at = text.rfind('@');
  const size_t scheme = text.substr(0, at).find("://");
  const size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  if (at == std::string_view::npos) {
    return RedactPort(text, begin);
  }
  const size_t colon = text.substr(0, at).find(':', begin);
  if (colon == std::string_view::npos) {
    return std::string(text);
  }
  std::string out(text.substr(0, colon + 1));
  out += "***";
  out += text.substr(at);
  return out;
}

std::string RedactUrlLine(std::string_view line) {
  const size_t split = line.find_first_of("=:");
  if (split == std::string_view::npos) {
    return RedactUrl(line);
  }
  return std::string(line.substr(0, split + 1)) + RedactUrl(line.substr(split + 1));
}

void OverwriteCredentials(std::span<char> url) {
  const std::string_view text(url.data(), url.size());
  if (RedactUrl(text) == text && text.find('@') == std::string_view::npos) {
    return;
  }
  const size_t at = std::min(text.rfind('@'), text.size());
  const size_t scheme = text.substr(0, at).find("://");
  for (size_t i = scheme == std::string_view::npos ? 0 : scheme + 3; i < at; ++i) {
    url[i] = 'x';
  }
}

}  // namespace config
