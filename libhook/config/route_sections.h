// ProxyReader, ChainReader: what [proxy NAME] and [chain NAME] say.
#ifndef GOCHAIN_CONFIG_ROUTE_SECTIONS_H_
#define GOCHAIN_CONFIG_ROUTE_SECTIONS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/ini_file.h"
#include "config/rules_context.h"
#include "config/schema.h"

namespace config {

class ProxyReader {
 public:
  explicit ProxyReader(RulesContext* context) : context_(context) {}

  // The proxy's index in the image.
  uint16_t Declare(std::string_view name, const Source& source);
  void Read(Key key, const IniEntry& entry, uint16_t index);

 private:
  void ReadUrl(const IniEntry& entry, Proxy* proxy);

  RulesContext* context_;
};

class ChainReader {
 public:
  explicit ChainReader(RulesContext* context) : context_(context) {}

  // The chain's index in the image. `header` is its section's, in brackets.
  uint16_t Declare(std::string_view name, std::string header, Place place, const Source& source);
  void Read(Key key, const IniEntry& entry, uint16_t index);
  // Complains about chains without hops.
  void Finish();

 private:
  struct Section {
    uint16_t index;
    std::string header;
    Place place;
    bool has_hops = false;  // good ones or bad
  };

  Section& Find(uint16_t index);
  void ReadHops(const IniEntry& entry, uint16_t index);
  void ReadMode(const IniEntry& entry);

  RulesContext* context_;
  std::vector<Section> sections_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_ROUTE_SECTIONS_H_
