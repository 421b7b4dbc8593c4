#include "config/password.h"

#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "config/utf8.h"

namespace config {
namespace {

constexpr size_t kLargestFile = size_t{1} << 16;
constexpr size_t kLongestPassword = 1000;

}  // namespace

std::optional<Complaint> ReadPasswordFile(const std::string& path, std::string* out,
                                          struct stat* status) {
  out->clear();
  if (const int error = base::ReadFile(path, kLargestFile, out, status); error != 0) {
    out->clear();
    return Complaint{"can't read " + Quote(path) + ": " + strerror(error), {}};
  }
  out->resize(std::min(out->find('\n'), out->size()));
  if (out->ends_with('\r')) {
    out->pop_back();
  }
  return std::nullopt;
}

std::optional<Complaint> CheckPassword(const ProxyUrl& url, std::string_view password,
                                       const std::string& place) {
  const auto complain = [&](const std::string& what) {
    return Complaint{"the password in " + place + " " + what, {}};
  };
  if (password.empty()) {
    return complain("is empty");
  }
  if (password.size() > kLongestPassword) {
    return complain("has more than 1000 bytes");
  }
  if (const int byte = FindControlByte(password); byte >= 0) {
    return complain("has " + ControlByteText(byte));
  }
  if (TakesOnlyV4(url.type)) {
    return complain("can't be sent by SOCKS4");
  }
  if (url.type == ProxyType::kSocks5 && password.size() > kMaxSocksCredential) {
    return complain("has more than 255 bytes, which SOCKS5 can't send");
  }
  if (url.user.size() + password.size() > kMaxHttpCredentials) {
    return complain("and the url's user have more than 1000 bytes together");
  }
  return std::nullopt;
}

bool HasWrittenPassword(std::string_view url) {
  const size_t at = url.rfind('@');
  if (at == std::string_view::npos) {
    return false;
  }
  const size_t scheme = url.substr(0, at).find("://");
  std::string_view credentials =
      url.substr(0, at).substr(scheme == std::string_view::npos ? 0 : scheme + 3);
  // The ':' of "${VAR:-words}" is none that begins a password; neither are its bytes one.
  std::string plain;
  while (!credentials.empty()) {
    const size_t begin = credentials.find("${");
    plain += credentials.substr(0, begin);
    const size_t end = begin == std::string_view::npos ? begin : credentials.find('}', begin);
    credentials.remove_prefix(end == std::string_view::npos ? credentials.size() : end + 1);
  }
  const size_t colon = plain.find(':');
  return colon != std::string::npos && colon + 1 < plain.size();
}

bool OthersMayRead(mode_t mode) { return S_ISREG(mode) && (mode & 044) != 0; }

}  // namespace config
