#include "random_lists.h"

#include <algorithm>
#include <array>
#include <span>

namespace bench {
namespace {

constexpr const char* kSyllables[] = {"ka", "lo", "mi", "ra",  "ten", "so",  "vu",  "chi", "ber",
                                      "na", "do", "el", "shu", "pri", "ma",  "ton", "gra", "fi",
                                      "co", "ze", "ha", "ing", "bo",  "lin", "que", "ster"};
constexpr const char* kEnds[] = {".com", ".com", ".com",    ".com",   ".net",    ".org", ".cn",
                                 ".de",  ".io",  ".com.cn", ".co.uk", ".com.br", ".ru",  ".info"};
constexpr const char* kHosts[] = {"www.", "api.",  "cdn.", "img",    "static.",
                                  "m.",   "mail.", "ads.", "track.", "s"};

std::string RandomName(Random* random) {
  std::string name;
  // Half of them are hosts below a domain, one in ten two labels deep.
  const size_t shape = random->Below(10);
  for (size_t depth = shape == 0 ? 2 : shape < 5 ? 1 : 0; depth > 0; --depth) {
    const std::string host = kHosts[random->Below(std::size(kHosts))];
    name += host;
    if (host.back() != '.') {
      name += std::to_string(random->Below(30)) + ".";
    }
  }
  for (size_t syllables = 3 + random->Below(4); syllables > 0; --syllables) {
    name += kSyllables[random->Below(std::size(kSyllables))];
  }
  const size_t ending = random->Below(10);
  if (ending == 0) {
    name += "-" + std::string(kSyllables[random->Below(std::size(kSyllables))]);
  } else if (ending < 3) {
    name += std::to_string(random->Below(1000));
  }
  return name + kEnds[random->Below(std::size(kEnds))];
}

}  // namespace

std::vector<std::string> RandomNames(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<std::string> names;
  while (names.size() < count) {
    while (names.size() < count + count / 16) {
      names.push_back(RandomName(&random));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  }
  // In an order of their own, so that neighbours in the list are none in the lookups.
  for (size_t i = names.size(); i > 1; --i) {
    std::swap(names[i - 1], names[random.Below(i)]);
  }
  names.resize(count);
  return names;
}

std::vector<Network> RandomNetworks(size_t count, bool v6, uint64_t seed) {
  constexpr uint8_t kV6Starts[] = {0x20, 0x24, 0x26, 0x28, 0x2a, 0x2c};
  Random random(seed);
  std::vector<Network> out;
  while (out.size() < count) {
    const unsigned bits =
        static_cast<unsigned>(v6 ? 28 + random.Below(21) : 24 - random.Below(6) * random.Below(2));
    std::array<uint8_t, 16> bytes{};
    for (uint8_t& byte : bytes) {
      byte = static_cast<uint8_t>(random.Next());
    }
    bytes[0] = v6 ? kV6Starts[random.Below(std::size(kV6Starts))]
                  : static_cast<uint8_t>(1 + random.Below(223));
    if (!v6 && (bytes[0] == 10 || bytes[0] == 127)) {
      continue;
    }
    for (size_t i = 0; i < bytes.size(); ++i) {
      const size_t kept = std::min<size_t>(bits > i * 8 ? bits - i * 8 : 0, 8);
      bytes[i] = static_cast<uint8_t>(bytes[i] & (0xff00u >> kept));
    }
    out.push_back({v6 ? base::IpAddress::V6Bytes(bytes)
                      : base::IpAddress::V4Bytes(std::span(bytes).first<4>()),
                   bits});
  }
  return out;
}

base::IpAddress AddressIn(const Network& network, Random* random) {
  std::array<uint8_t, 16> bytes{};
  const std::span<const uint8_t> from = network.address.bytes();
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t kept =
        std::min<size_t>(network.prefix_bits > i * 8 ? network.prefix_bits - i * 8 : 0, 8);
    const auto host = static_cast<uint8_t>(random->Next() & (0xffu >> kept));
    bytes[i] = static_cast<uint8_t>(from[i] | host);
  }
  return network.address.is_v4() ? base::IpAddress::V4Bytes(std::span(bytes).first<4>())
                                 : base::IpAddress::V6Bytes(bytes);
}

}  // namespace bench
