#include "config/image_writer.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "config/host_hash.h"
#include "config/image.h"

namespace config {
namespace {

template <typename T>
void Copy(const std::vector<T>& records, uint8_t* to) {
  if (!records.empty()) {
    std::memcpy(to, records.data(), records.size() * sizeof(T));
  }
}

bool HasOneHost(PatternKind kind) {
  return kind == PatternKind::kExact || kind == PatternKind::kSelfOrBelow ||
         kind == PatternKind::kBelow;
}

}  // namespace

Text ImageWriter::AddText(std::string_view text) {
  const Text out{static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(text.size())};
  text_ += text;
  return out;
}

uint16_t ImageWriter::AddProxy(const Proxy& proxy) {
  proxies_.push_back(proxy);
  return static_cast<uint16_t>(proxies_.size() - 1);
}

uint16_t ImageWriter::AddChain(const Chain& chain) {
  chains_.push_back(chain);
  return static_cast<uint16_t>(chains_.size() - 1);
}

Pattern ImageWriter::MakePattern(const ParsedPattern& parsed, std::string_view written) {
  Pattern pattern;
  pattern.kind = parsed.kind;
  pattern.prefix_bits = parsed.prefix_bits;
  pattern.exe_only = parsed.exe_only;
  pattern.low_port = parsed.low_port;
  pattern.high_port = parsed.high_port;
  pattern.list = parsed.list;
  pattern.host = AddText(parsed.host);
  pattern.address = parsed.address;
  pattern.exe = AddText(parsed.exe);
  pattern.written = AddText(written);
  return pattern;
}

void ImageWriter::AddPattern(const ParsedPattern& parsed, std::string_view written, Route route,
                             const Source& source) {
  Pattern pattern = MakePattern(parsed, written);
  pattern.route = route;
  pattern.source = source;
  patterns_.push_back(pattern);
}

uint16_t ImageWriter::AddList(const List& list) {
  lists_.push_back(list);
  return static_cast<uint16_t>(lists_.size() - 1);
}

void ImageWriter::AddRewrite(Rewrite rewrite, const ParsedPattern& from, std::string_view written) {
  rewrite.from = MakePattern(from, written);
  rewrites_.push_back(rewrite);
}

void ImageWriter::AddHostAddress(std::string_view name, const base::IpAddress& address,
                                 const Source& source) {
  const auto at = std::upper_bound(
      hosts_.begin(), hosts_.end(), name,
      [this](std::string_view word, const HostAddress& host) { return word < View(host.name); });
  const bool known = at != hosts_.begin() && View(std::prev(at)->name) == name;
  hosts_.insert(at, {known ? std::prev(at)->name : AddText(name), source, address});
}

std::string_view ImageWriter::View(Text text) const {
  return std::string_view(text_).substr(text.offset, text.size);
}

// Of every chain, and of every proxy that is a route.
void ImageWriter::MarkFirstHops() {
  const auto mark = [this](Route route) {
    if (route.kind == RouteKind::kProxy) {
      proxies_[route.index].is_first_hop = true;
    }
  };
  mark(globals_.default_route);
  for (const Pattern& pattern : patterns_) {
    mark(pattern.route);
  }
  for (const Chain& chain : chains_) {
    const size_t count = chain.mode == ChainMode::kStrict ? 1 : chain.hop_count;
    for (size_t i = 0; i < count; ++i) {
      proxies_[chain.hops[i]].is_first_hop = true;
    }
  }
}

void ImageWriter::IndexPatterns() {
  for (uint32_t i = 0; i < patterns_.size(); ++i) {
    if (HasOneHost(patterns_[i].kind)) {
      hashed_patterns_.push_back({HostHash::Of(View(patterns_[i].host)), i});
    } else {
      other_patterns_.push_back(i);
    }
  }
  std::sort(hashed_patterns_.begin(), hashed_patterns_.end(),
            [](const HashedPattern& a, const HashedPattern& b) {
              return a.hash != b.hash ? a.hash < b.hash : a.pattern < b.pattern;
            });
}

std::vector<uint8_t> ImageWriter::Finish() {
  MarkFirstHops();
  IndexPatterns();
  ImageHeader header;
  header.magic = kImageMagic;
  header.proxy_count = static_cast<uint32_t>(proxies_.size());
  header.chain_count = static_cast<uint32_t>(chains_.size());
  header.pattern_count = static_cast<uint32_t>(patterns_.size());
  header.hashed_count = static_cast<uint32_t>(hashed_patterns_.size());
  header.list_count = static_cast<uint32_t>(lists_.size());
  header.rewrite_count = static_cast<uint32_t>(rewrites_.size());
  header.host_count = static_cast<uint32_t>(hosts_.size());
  header.text_size = static_cast<uint32_t>(text_.size());
  const ImageLayout layout = LayoutOf(header);
  header.size = static_cast<uint32_t>(layout.end);
  std::vector<uint8_t> image(layout.end);
  std::memcpy(image.data(), &header, sizeof header);
  std::memcpy(image.data() + layout.globals, &globals_, sizeof globals_);
  Copy(proxies_, image.data() + layout.proxies);
  Copy(chains_, image.data() + layout.chains);
  Copy(patterns_, image.data() + layout.patterns);
  Copy(hashed_patterns_, image.data() + layout.hashed);
  Copy(other_patterns_, image.data() + layout.others);
  Copy(lists_, image.data() + layout.lists);
  Copy(rewrites_, image.data() + layout.rewrites);
  Copy(hosts_, image.data() + layout.hosts);
  std::memcpy(image.data() + layout.text, text_.data(), text_.size());
  return image;
}

}  // namespace config
