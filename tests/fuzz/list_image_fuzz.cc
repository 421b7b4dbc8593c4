// A compiled list of a cache that anything was written to is refused, or answers without a byte
// being read outside it.
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "config/list_view.h"
#include "config/list_writer.h"
#include "config/pattern_parser.h"
#include "handshake_property.h"
#include "patched_image.h"
#include "rules/list_match.h"

namespace {

constexpr const char* kPatterns[] = {
    "a.example",      ".b.example",    "*.c.example", "d*.example",    "e.*.example:443",
    "10.0.0.0/8",     "192.0.2.7",     "127.0.0.5",   "2001:db8::/32", "[2001:db8:1::1]:22",
    "198.51.100.9:9", "f.example:443", ":25",         "@private:22",   "@loopback:80"};

std::vector<uint8_t> GoodImage() {
  config::ListWriter writer;
  for (const char* const text : kPatterns) {
    config::ParsedPattern pattern;
    fuzz::Require(!config::ParsePattern(text, &pattern), "a good pattern");
    writer.Add(pattern);
  }
  return writer.Finish({}, "/lists/l.txt");
}

void Ask(const config::ListView& list) {
  list.path();
  list.key();
  for (const uint16_t port : {uint16_t{22}, uint16_t{443}}) {
    for (const std::string_view name :
         {"a.example", "x.b.example", "c.example", "dd.example", "e.f.example", "localhost", "x"}) {
      for (const auto standing :
           {rules::Standing::kOrdinary, rules::Standing::kLoopback, rules::Standing::kFirstHop}) {
        rules::ListTakes(list, {.name = name, .address = nullptr, .port = port, .exe = {}},
                         standing);
        rules::ListTakesName(list, name, standing);
      }
      rules::ListNames(list, name);
    }
    for (const char* const text :
         {"10.1.2.3", "192.0.2.7", "255.255.255.255", "0.0.0.0", "2001:db8::9", "::", "::1",
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
      const auto address = *base::IpAddress::Parse(text);
      rules::ListTakes(list, {.name = {}, .address = &address, .port = port, .exe = {}},
                       rules::Standing::kOrdinary);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<uint8_t> good = GoodImage();
  fuzz::PatchedImage image(good, {data, size});
  const auto bytes = image.bytes();
  // With a wrong size all would be refused.
  if (bytes.size() >= sizeof(config::ListHeader)) {
    const uint64_t actual = bytes.size();
    std::memcpy(&bytes[offsetof(config::ListHeader, size)], &actual, sizeof actual);
  }
  if (const auto list = config::ListView::FromImage(bytes); list.ok()) {
    Ask(list.value());
  }
  return 0;
}
