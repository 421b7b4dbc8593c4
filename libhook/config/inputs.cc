#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "config/builder.h"

namespace config {
namespace {

std::string Variable(GetenvFn getenv_fn, const char* name) {
  const char* const value = getenv_fn(name);
  return value != nullptr ? value : "";
}

std::vector<std::string> SplitUrls(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const size_t comma = text.find(',');
    std::string_view url = text.substr(0, comma);
    while (url.starts_with(' ')) {
      url.remove_prefix(1);
    }
    while (url.ends_with(' ')) {
      url.remove_suffix(1);
    }
    out.emplace_back(url);
    if (comma == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(comma + 1);
  }
}

// A file that is there but can't be read counts: to pass it over would be to dial without rules.
bool IsThere(const std::string& path) {
  return access(path.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

// What `variable` names, else `of_home` below HOME; empty: nothing. A relative path would lead to
// the current folder, and a cloned repository must not choose proxies (the XDG base directory
// specification has it ignored too).
std::string FindFolder(GetenvFn getenv_fn, const char* variable, const char* of_home) {
  std::string folder = Variable(getenv_fn, variable);
  if (!folder.starts_with('/')) {
    const std::string home = Variable(getenv_fn, "HOME");
    folder = home.starts_with('/') ? home + of_home : std::string();
  }
  return folder;
}

std::string FindRulesFile(GetenvFn getenv_fn) {
  const std::string folder = FindFolder(getenv_fn, "XDG_CONFIG_HOME", "/.config");
  if (!folder.empty()) {
    std::string path = folder + "/gochain/gochain.conf";
    if (IsThere(path)) {
      return path;
    }
  }
  constexpr const char* kSystemFile = "/etc/gochain.conf";
  return IsThere(kSystemFile) ? kSystemFile : "";
}

}  // namespace

std::string CacheFolder(GetenvFn getenv_fn) {
  const std::string cache = FindFolder(getenv_fn, "XDG_CACHE_HOME", "/.cache");
  return cache.empty() ? "" : cache + "/gochain";
}

const char* OwnVariable(const char* name) { return getenv(name); }

bool FindInputs(const std::string& config_option, const std::vector<std::string>& proxy_options,
                GetenvFn getenv_fn, Inputs* out) {
  *out = {};
  out->getenv_fn = getenv_fn;
  out->cache_folder = CacheFolder(getenv_fn);
  out->file = config_option.empty() ? Variable(getenv_fn, "GOCHAIN_CONF") : config_option;
  out->proxy_urls = proxy_options;
  if (out->proxy_urls.empty()) {
    const std::string urls = Variable(getenv_fn, "GOCHAIN_PROXY");
    if (!urls.empty()) {
      out->proxy_urls = SplitUrls(urls);
      out->urls_from_environment = true;
    }
  }
  if (!out->proxy_urls.empty() || !out->file.empty()) {
    return true;
  }
  out->file = FindRulesFile(getenv_fn);
  if (!out->file.empty()) {
    return true;
  }
  for (const char* const name : {"ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"}) {
    out->all_proxy = Variable(getenv_fn, name);
    if (out->all_proxy.empty()) {
      continue;
    }
    out->all_proxy_variable = name;
    out->no_proxy = Variable(getenv_fn, "NO_PROXY");
    if (out->no_proxy.empty()) {
      out->no_proxy = Variable(getenv_fn, "no_proxy");
    }
    return true;
  }
  return false;
}

}  // namespace config
