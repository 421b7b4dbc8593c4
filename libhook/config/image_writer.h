// ImageWriter: collects the records of a config and lays them out as one image.
//
// In the launcher, or in a process without one at its first connect; allocates.
#ifndef GOCHAIN_CONFIG_IMAGE_WRITER_H_
#define GOCHAIN_CONFIG_IMAGE_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/pattern_parser.h"

namespace config {

class ImageWriter {
 public:
  // Copies `text` into the image's text.
  Text AddText(std::string_view text);
  std::string_view View(Text text) const;  // until the next AddText()
  uint16_t AddProxy(const Proxy& proxy);   // returns its index. REQUIRES: fewer than kMaxProxies
  uint16_t AddChain(const Chain& chain);
  void AddPattern(const ParsedPattern& parsed, std::string_view written, Route route,
                  const Source& source);
  uint16_t AddList(const List& list);  // returns its index. REQUIRES: fewer than kMaxLists
  // `from` needs no route and no source. REQUIRES: fewer than kMaxRewrites
  void AddRewrite(Rewrite rewrite, const ParsedPattern& from, std::string_view written);
  // Keeps the hosts sorted by name. REQUIRES: fewer than kMaxHosts
  void AddHostAddress(std::string_view name, const base::IpAddress& address, const Source& source);

  Globals& globals() { return globals_; }
  std::vector<Proxy>& proxies() { return proxies_; }
  std::vector<Chain>& chains() { return chains_; }

  // REQUIRES: called once, after all else
  std::vector<uint8_t> Finish();

 private:
  Pattern MakePattern(const ParsedPattern& parsed, std::string_view written);
  void MarkFirstHops();
  void IndexPatterns();

  Globals globals_;
  std::vector<Proxy> proxies_;
  std::vector<Chain> chains_;
  std::vector<Pattern> patterns_;
  std::vector<HashedPattern> hashed_patterns_;
  std::vector<uint32_t> other_patterns_;
  std::vector<List> lists_;
  std::vector<Rewrite> rewrites_;
  std::vector<HostAddress> hosts_;
  std::string text_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_IMAGE_WRITER_H_
