// An image from a stranger (other processes of the user can write the shared region) is refused
// whole, or can be read whole without leaving it.
#include <cstdint>
#include <cstring>
#include <vector>

#include "config/config.h"
#include "decisions.h"

namespace {

size_t Sum(std::string_view text) {
  size_t sum = 0;
  for (const char c : text) sum += static_cast<unsigned char>(c);
  return sum;
}

size_t ReadAll(const config::Config& config) {
  size_t sum = 0;
  for (const config::Proxy& proxy : config.proxies()) {
    for (const config::Text text : {proxy.name, proxy.host, proxy.user, proxy.password,
                                    proxy.source.file, proxy.source.line_text}) {
      sum += Sum(config.text(text));
    }
  }
  for (const config::Pattern& pattern : config.patterns()) {
    sum += Sum(config.RouteName(pattern.route)) + Sum(config.text(pattern.host)) +
           Sum(config.text(pattern.exe)) + Sum(config.text(pattern.written));
    for (size_t i = 0; i < config.HopCount(pattern.route); ++i) {
      sum += config.HopAt(pattern.route, i).port;
    }
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Aligned as a mapped image is, and of just this size.
  std::vector<uint64_t> aligned((size + 7) / 8);
  if (size > 0) std::memcpy(aligned.data(), data, size);
  const auto config =
      config::Config::FromImage({reinterpret_cast<const uint8_t*>(aligned.data()), size});
  if (config.ok()) {
    volatile size_t sum = ReadAll(config.value());
    static_cast<void>(sum);
    fuzz::AskRules(config.value());
  }
  return 0;
}
