// ListWriter: collects the patterns of a list and lays them out as one image (list_format.h).
//
// The image depends on the set of patterns alone, not on their order. In the launcher, or in a
// process without one at its first connect; allocates.
#ifndef GOCHAIN_CONFIG_LIST_WRITER_H_
#define GOCHAIN_CONFIG_LIST_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/list_format.h"
#include "config/pattern_parser.h"

namespace config {

class ListWriter {
 public:
  // REQUIRES: no exe, and a kind that isn't kList or kGoGlob
  void Add(const ParsedPattern& pattern);
  // The same for what most lines of a list are: a name in lower case, for every port.
  void AddName(PatternKind kind, std::string_view host) { AddName(kAllPorts, kind, host); }

  // `path` is the list file's. REQUIRES: called once
  std::vector<uint8_t> Finish(const ListKey& key, std::string_view path);

 private:
  // Low port above, high port below: groups lie in this order.
  using Ports = uint32_t;
  static constexpr Ports kAllPorts = 65535;

  struct Name {
    Ports ports;
    uint32_t offset;  // into text_
    uint64_t hash;
    uint8_t size;
    uint8_t kind;
  };
  struct Address {
    Ports ports;
    uint8_t prefix_bits;
    base::IpAddress address;
  };
  struct Glob {
    Ports ports;
    std::string text;
  };
  struct Flags {
    Ports ports;
    PatternKind kind;  // kAny, kLoopback, kPrivate
  };

  void AddName(Ports ports, PatternKind kind, std::string_view host);
  std::string_view View(const Name& name) const {
    return std::string_view(text_).substr(name.offset, name.size);
  }
  void Sort();
  std::vector<Ports> PortRanges() const;
  ListGroup PutGroup(Ports ports);
  ListNames PutNames(Ports ports);
  ListAddresses PutV4(Ports ports, bool single, bool loopback);
  ListAddresses PutV6(Ports ports, bool single);
  // Appends a part and returns its offset.
  uint64_t Put(const void* data, size_t size);

  std::string text_;
  std::vector<Name> names_;
  std::vector<Address> addresses_;
  std::vector<Glob> globs_;
  std::vector<Flags> flags_;
  std::vector<uint8_t> image_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_LIST_WRITER_H_
