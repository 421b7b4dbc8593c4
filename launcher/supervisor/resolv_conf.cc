#include "supervisor/resolv_conf.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace supervisor {
namespace {

constexpr size_t kMaxSearch = 32;  // glibc has no limit, musl's is 256 bytes, Kubernetes' 32
constexpr unsigned kMaxNdots = 15;

std::vector<std::string_view> Words(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> out;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    if (line.empty()) {
      return out;
    }
    const std::string_view word = line.substr(0, line.find_first_of(kBlank));
    out.push_back(word);
    line.remove_prefix(word.size());
  }
}

std::string Normalized(std::string_view domain) {
  while (domain.ends_with('.')) {
    domain.remove_suffix(1);
  }
  std::string out(domain);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

void SetSearch(const std::vector<std::string_view>& words, size_t most, ResolvConf* out) {
  out->search.clear();
  for (size_t i = 1; i < words.size() && out->search.size() < most; ++i) {
    if (std::string domain = Normalized(words[i]); !domain.empty()) {
      out->search.push_back(std::move(domain));
    }
  }
}

}  // namespace

ResolvConf ParseResolvConf(std::string_view text, std::string_view host_name) {
  ResolvConf out;
  bool named = false;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    const std::vector<std::string_view> words = Words(line);
    if (words.empty() || words[0][0] == '#' || words[0][0] == ';') {
      continue;
    }
    if (words[0] == "search" || words[0] == "domain") {
      SetSearch(words, words[0] == "search" ? kMaxSearch : 1, &out);
      named = true;
    } else if (words[0] == "options") {
      constexpr std::string_view kNdots = "ndots:";
      for (const std::string_view word : words) {
        if (word.starts_with(kNdots)) {
          const std::string number(word.substr(kNdots.size()));
          const long value = std::strtol(number.c_str(), nullptr, 10);
          out.ndots = static_cast<unsigned>(std::clamp<long>(value, 0, kMaxNdots));
        }
      }
    }
  }
  const size_t dot = host_name.find('.');
  if (!named && dot != host_name.npos) {
    if (std::string domain = Normalized(host_name.substr(dot + 1)); !domain.empty()) {
      out.search.push_back(std::move(domain));
    }
  }
  return out;
}

ResolvConf ReadResolvConf(const Caller& caller) {
  char host_name[256] = {};
  (void)gethostname(host_name, sizeof host_name - 1);
  const auto file = caller.Open("/etc/resolv.conf", O_RDONLY);
  char text[16384];
  const long size = file.ok() ? sys::Read(file->get(), text, sizeof text) : 0;
  return ParseResolvConf({text, size > 0 ? static_cast<size_t>(size) : 0}, host_name);
}

std::string_view StemOf(const ResolvConf& conf, std::string_view name) {
  // The longest domain that fits: below "ci.svc.cluster.local" it decides, not "svc.cluster.local".
  std::string_view stem;
  for (const std::string& domain : conf.search) {
    if (name.size() <= domain.size() + 1 || !name.ends_with(domain) ||
        name[name.size() - domain.size() - 1] != '.') {
      continue;
    }
    const std::string_view candidate = name.substr(0, name.size() - domain.size() - 1);
    if (stem.empty() || candidate.size() < stem.size()) {
      stem = candidate;
    }
  }
  return stem;
}

std::string_view SearchStem(const ResolvConf& conf, std::string_view name) {
  const std::string_view stem = StemOf(conf, name);
  const auto dots = static_cast<unsigned>(std::count(stem.begin(), stem.end(), '.'));
  return dots > 0 && dots < conf.ndots ? stem : std::string_view();
}

}  // namespace supervisor
