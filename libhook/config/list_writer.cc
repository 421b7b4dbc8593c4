#include "config/list_writer.h"

#include <algorithm>
#include <cstring>

#include "config/rank_tree.h"

namespace config {
namespace {

// Seven names a line of ten: one line in ten passes a name on to the next.
constexpr size_t kNamesPerLine = 7;

// Both families in one: an IPv4 address is its 32 bits.
using Number = unsigned __int128;

struct Range {
  Number first;
  Number last;
};

Number ToNumber(std::span<const uint8_t> bytes) {
  Number out = 0;
  for (const uint8_t byte : bytes) {
    out = out << 8 | byte;
  }
  return out;
}

Range ToRange(const base::IpAddress& address, unsigned prefix_bits) {
  const size_t bits = address.bytes().size() * 8;
  const Number first = ToNumber(address.bytes());
  const Number host = prefix_bits == 0 ? ~Number{0} : (Number{1} << (bits - prefix_bits)) - 1;
  return {first, first | (bits == 32 ? host & 0xffffffffu : host)};
}

// Where the union of the ranges begins and ends, as list_format.h has it; `largest` has no behind.
std::vector<Number> Boundaries(std::vector<Range> ranges, Number largest) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<Number> out;
  for (size_t i = 0; i < ranges.size();) {
    Number last = ranges[i].last;
    out.push_back(ranges[i].first);
    for (++i; i < ranges.size() && (last == largest || ranges[i].first <= last + 1); ++i) {
      last = std::max(last, ranges[i].last);
    }
    if (last != largest) {
      out.push_back(last + 1);
    }
  }
  return out;
}

bool IsSingle(uint8_t prefix_bits, const base::IpAddress& address) {
  return prefix_bits == address.bytes().size() * 8;
}

uint8_t KindBits(PatternKind kind) {
  return kind == PatternKind::kExact   ? kListSelf
         : kind == PatternKind::kBelow ? kListBelow
                                       : kListSelf | kListBelow;
}

size_t Labels(std::string_view host) {
  return 1 + static_cast<size_t>(std::count(host.begin(), host.end(), '.'));
}

// The records of one port range. REQUIRES: they are sorted by their ports
template <typename T>
std::span<const T> WithPorts(const std::vector<T>& records, uint32_t ports) {
  const auto begin = std::lower_bound(records.begin(), records.end(), ports,
                                      [](const T& r, uint32_t p) { return r.ports < p; });
  const auto end = std::upper_bound(begin, records.end(), ports,
                                    [](uint32_t p, const T& r) { return p < r.ports; });
  return {records.data() + (begin - records.begin()), static_cast<size_t>(end - begin)};
}

}  // namespace

void ListWriter::Add(const ParsedPattern& pattern) {
  const Ports ports = static_cast<Ports>(pattern.low_port) << 16 | pattern.high_port;
  switch (pattern.kind) {
    case PatternKind::kExact:
    case PatternKind::kSelfOrBelow:
    case PatternKind::kBelow:
      return AddName(ports, pattern.kind, pattern.host);
    case PatternKind::kGlob:
      globs_.push_back({ports, pattern.host});
      return;
    case PatternKind::kAddress:
      addresses_.push_back({ports, pattern.prefix_bits, pattern.address});
      return;
    case PatternKind::kAny:
    case PatternKind::kLoopback:
    case PatternKind::kPrivate:
      flags_.push_back({ports, pattern.kind});
      return;
    case PatternKind::kGoGlob:
    case PatternKind::kList:
      return;
  }
}

void ListWriter::AddName(Ports ports, PatternKind kind, std::string_view host) {
  names_.push_back({ports, static_cast<uint32_t>(text_.size()), ListHash::Of(host),
                    static_cast<uint8_t>(host.size()), KindBits(kind)});
  text_ += host;
}

std::vector<uint8_t> ListWriter::Finish(const ListKey& key, std::string_view path) {
  Sort();
  ListHeader header;
  header.magic = kListMagic;
  header.key = key;
  header.path_size = static_cast<uint32_t>(path.size());
  image_.reserve(sizeof header + path.size() + text_.size() + names_.size() * 13 +
                 addresses_.size() * 40 + 4096);
  Put(&header, sizeof header);
  image_.insert(image_.end(), path.begin(), path.end());
  std::vector<ListGroup> groups;
  for (const Ports ports : PortRanges()) {
    groups.push_back(PutGroup(ports));
  }
  header.group_count = static_cast<uint32_t>(groups.size());
  header.groups = Put(groups.data(), groups.size() * sizeof(ListGroup));
  image_.resize((image_.size() + kListAlignment - 1) / kListAlignment * kListAlignment);
  header.size = image_.size();
  std::memcpy(image_.data(), &header, sizeof header);
  return std::move(image_);
}

void ListWriter::Sort() {
  std::sort(names_.begin(), names_.end(), [this](const Name& a, const Name& b) {
    return a.ports != b.ports ? a.ports < b.ports
           : a.hash != b.hash ? a.hash < b.hash
                              : View(a) < View(b);
  });
  // What is there twice becomes one entry that takes what both take.
  size_t kept = 0;
  for (const Name& name : names_) {
    if (kept > 0 && names_[kept - 1].hash == name.hash && names_[kept - 1].ports == name.ports &&
        View(names_[kept - 1]) == View(name)) {
      names_[kept - 1].kind |= name.kind;
    } else {
      names_[kept++] = name;
    }
  }
  names_.resize(kept);
  std::sort(globs_.begin(), globs_.end(), [](const Glob& a, const Glob& b) {
    return a.ports != b.ports ? a.ports < b.ports : a.text < b.text;
  });
  globs_.erase(std::unique(globs_.begin(), globs_.end(),
                           [](const Glob& a, const Glob& b) {
                             return a.ports == b.ports && a.text == b.text;
                           }),
               globs_.end());
  const auto by_ports = [](const auto& a, const auto& b) { return a.ports < b.ports; };
  std::sort(addresses_.begin(), addresses_.end(), by_ports);
  std::sort(flags_.begin(), flags_.end(), by_ports);
}

std::vector<ListWriter::Ports> ListWriter::PortRanges() const {
  std::vector<Ports> out;
  const auto add = [&out](const auto& records) {
    for (const auto& record : records) {
      if (out.empty() || out.back() != record.ports) {
        out.push_back(record.ports);
      }
    }
  };
  add(names_);
  add(addresses_);
  add(globs_);
  add(flags_);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

ListGroup ListWriter::PutGroup(Ports ports) {
  ListGroup group;
  group.low_port = static_cast<uint16_t>(ports >> 16);
  group.high_port = static_cast<uint16_t>(ports);
  for (const Flags& flags : WithPorts(flags_, ports)) {
    group.any |= flags.kind == PatternKind::kAny;
    group.loopback |= flags.kind == PatternKind::kLoopback;
    group.private_ |= flags.kind == PatternKind::kPrivate;
  }
  std::string globs;
  for (const Glob& glob : WithPorts(globs_, ports)) {
    globs += static_cast<char>(glob.text.size());
    globs += glob.text;
  }
  group.glob_size = static_cast<uint32_t>(globs.size());
  group.globs = Put(globs.data(), globs.size());
  group.names = PutNames(ports);
  group.v4 = PutV4(ports, false, false);
  group.v6 = PutV6(ports, false);
  group.single_v4 = PutV4(ports, true, false);
  group.single_v6 = PutV6(ports, true);
  group.loopback_v4 = PutV4(ports, false, true);
  return group;
}

ListNames ListWriter::PutNames(Ports ports) {
  const std::span<const Name> names = WithPorts(names_, ports);
  ListNames out;
  out.count = static_cast<uint32_t>(names.size());
  if (out.count == 0) {
    return out;
  }
  out.home_lines = static_cast<uint32_t>((out.count + kNamesPerLine - 1) / kNamesPerLine);
  std::vector<ListLine> table(out.home_lines);
  std::string text;
  text.reserve(out.count * 24);
  size_t at = 0;
  size_t used = 0;
  for (const Name& name : names) {
    // Their order is that of the hashes: a line is full before the next one is begun.
    const size_t home = ListHash::HomeLine(name.hash, out.home_lines);
    if (home > at) {
      at = home;
      used = 0;
    }
    if (used == ListLine::kSlots) {
      table[at].overflows = 1;
      used = 0;
      if (++at == table.size()) {
        table.emplace_back();
      }
    }
    const std::string_view host = View(name);
    table[at].tags[used] = ListHash::Tag(name.hash);
    table[at].offsets[used++] = static_cast<uint32_t>(text.size());
    text += static_cast<char>(name.kind);
    text += static_cast<char>(host.size());
    text += host;
    const uint64_t depth = ListDepthBit(Labels(host));
    out.own_depths |= (name.kind & kListSelf) != 0 ? depth : 0;
    out.suffix_depths |= (name.kind & kListBelow) != 0 ? depth : 0;
  }
  out.lines = static_cast<uint32_t>(table.size());
  out.table = Put(table.data(), table.size() * sizeof(ListLine));
  out.text_size = static_cast<uint32_t>(text.size());
  out.text = Put(text.data(), text.size());
  return out;
}

ListAddresses ListWriter::PutV4(Ports ports, bool single, bool loopback) {
  std::vector<Range> ranges;
  for (const Address& entry : WithPorts(addresses_, ports)) {
    // A network that begins in 127.0.0.0/8 lies in it: its host bits are 0.
    if (entry.address.is_v4() && (!single || IsSingle(entry.prefix_bits, entry.address)) &&
        (!loopback || entry.address.bytes()[0] == 127)) {
      ranges.push_back(ToRange(entry.address, entry.prefix_bits));
    }
  }
  std::vector<uint32_t> keys;
  for (const Number boundary : Boundaries(std::move(ranges), 0xffffffffu)) {
    keys.push_back(static_cast<uint32_t>(boundary));
  }
  ListAddresses out;
  out.count = static_cast<uint32_t>(keys.size());
  if (!keys.empty()) {
    const std::vector<uint32_t> tree = RankTree<uint32_t>::Make(keys);
    out.keys = Put(tree.data(), tree.size() * sizeof(uint32_t));
  }
  return out;
}

ListAddresses ListWriter::PutV6(Ports ports, bool single) {
  std::vector<Range> ranges;
  for (const Address& entry : WithPorts(addresses_, ports)) {
    if (!entry.address.is_v4() && (!single || IsSingle(entry.prefix_bits, entry.address))) {
      ranges.push_back(ToRange(entry.address, entry.prefix_bits));
    }
  }
  std::vector<uint64_t> keys;
  std::vector<uint64_t> lows;
  uint64_t any_low = 0;
  for (const Number boundary : Boundaries(std::move(ranges), ~Number{0})) {
    keys.push_back(static_cast<uint64_t>(boundary >> 64));
    lows.push_back(static_cast<uint64_t>(boundary));
    any_low |= lows.back();
  }
  ListAddresses out;
  out.count = static_cast<uint32_t>(keys.size());
  if (!keys.empty()) {
    const std::vector<uint64_t> tree = RankTree<uint64_t>::Make(keys);
    out.keys = Put(tree.data(), tree.size() * sizeof(uint64_t));
    out.low_halves = any_low != 0 ? Put(lows.data(), lows.size() * sizeof(uint64_t)) : 0;
  }
  return out;
}

uint64_t ListWriter::Put(const void* data, size_t size) {
  image_.resize((image_.size() + kListAlignment - 1) / kListAlignment * kListAlignment);
  const uint64_t offset = image_.size();
  const auto* const bytes = static_cast<const uint8_t*>(data);
  image_.insert(image_.end(), bytes, bytes + size);
  return offset;
}

}  // namespace config
