#include "names/resolv_conf.h"

#include <algorithm>

#include "names/dns_wire.h"

namespace names {
namespace {

constexpr unsigned kMaxNdots = 15;

// Takes the first word off `line`; empty: there is none.
std::string_view TakeWord(std::string_view* line) {
  constexpr std::string_view kBlank = " \t\r";
  line->remove_prefix(std::min(line->find_first_not_of(kBlank), line->size()));
  const std::string_view word = line->substr(0, line->find_first_of(kBlank));
  line->remove_prefix(word.size());
  return word;
}

unsigned ParseNdots(std::string_view digits) {
  unsigned value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') {
      break;
    }
    value = std::min(value * 10 + static_cast<unsigned>(digit - '0'), kMaxNdots);
  }
  return value;
}

void SetSearch(std::string_view words, size_t most, ResolvConf* out) {
  out->ClearSearch();
  while (out->search_count() < most) {
    const std::string_view word = TakeWord(&words);
    if (word.empty()) {
      return;
    }
    out->AddSearch(word);
  }
}

void SetOptions(std::string_view words, ResolvConf* out) {
  constexpr std::string_view kNdots = "ndots:";
  for (std::string_view word = TakeWord(&words); !word.empty(); word = TakeWord(&words)) {
    if (word.starts_with(kNdots)) {
      out->ndots = ParseNdots(word.substr(kNdots.size()));
    }
  }
}

}  // namespace

std::string_view ResolvConf::search(size_t index) const {
  const size_t begin = index == 0 ? 0 : ends_[index - 1];
  return {bytes_.data() + begin, ends_[index] - begin};
}

void ResolvConf::AddSearch(std::string_view domain) {
  while (domain.ends_with('.')) {
    domain.remove_suffix(1);
  }
  if (domain.empty() || count_ == kMaxSearch || domain.size() > kMaxBytes - size_) {
    return;
  }
  for (const char c : domain) {
    bytes_[size_++] = wire::LowerCase(static_cast<uint8_t>(c));
  }
  ends_[count_++] = size_;
}

void ResolvConf::ClearSearch() {
  const unsigned kept = ndots;
  *this = {};
  ndots = kept;
}

ResolvConf ParseResolvConf(std::string_view text, std::string_view host_name) {
  ResolvConf out;
  bool named = false;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    const std::string_view key = TakeWord(&line);
    if (key == "search" || key == "domain") {
      SetSearch(line, key == "search" ? ResolvConf::kMaxSearch : 1, &out);
      named = true;
    } else if (key == "options") {
      SetOptions(line, &out);
    }
  }
  const size_t dot = host_name.find('.');
  if (!named && dot != host_name.npos) {
    out.AddSearch(host_name.substr(dot + 1));
  }
  return out;
}

std::string_view StemOf(const ResolvConf& conf, std::string_view name) {
  // The longest domain that fits: below "ci.svc.cluster.local" it decides, not "svc.cluster.local".
  std::string_view stem;
  for (size_t i = 0; i < conf.search_count(); ++i) {
    const std::string_view domain = conf.search(i);
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

}  // namespace names
