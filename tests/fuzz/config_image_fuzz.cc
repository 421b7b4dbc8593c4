// An image from a stranger (other processes of the user can write the shared region) is refused
// whole, or can be read whole without leaving it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "config/builder.h"
#include "config/config.h"
#include "decisions.h"
#include "patched_image.h"

namespace {

// Every kind of record.
constexpr std::string_view kRulesFile = R"([gochain]
default = c
dns = local
[proxy p]
url = http://alice:s3cret@proxy.corp.example:8080
dns = local
[proxy q]
url = socks5://[2001:db8::1]
[chain c]
hops = p q
[rewrite r]
from = .go.example:80-90
to = a.b.corp.example:8080
[rewrite s]
from = 10.0.0.0/8
to = 192.0.2.7
[rewrite t]
from = git*.example
to = :22
[hosts]
x = 192.0.2.7 2001:db8::7
go.example = 192.0.2.8
[rules]
direct = @loopback @private:22 @goprivate exe:git exe:ssh@github.com
reject = *.corp.example 10.0.0.0/8:443 fd00::/8 g*.example :25
p = *
)";

std::vector<uint8_t> GoodImage() {
  const int file = memfd_create("rules", MFD_CLOEXEC);
  fuzz::Require(write(file, kRulesFile.data(), kRulesFile.size()) > 0, "a file");
  config::Inputs inputs;
  inputs.file = "/proc/self/fd/" + std::to_string(file);
  inputs.getenv_fn = [](const char* name) {
    return std::string_view(name) == "GOPRIVATE" ? "*.private.example" : nullptr;
  };
  std::vector<uint8_t> image = config::Build(inputs).image;
  close(file);
  fuzz::Require(!image.empty(), "the good file builds");
  return image;
}

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
  for (const config::Rewrite& rewrite : config.rewrites()) {
    sum += Sum(config.text(rewrite.name)) + Sum(config.text(rewrite.to_host)) +
           Sum(config.text(rewrite.from.written)) + Sum(config.text(rewrite.source.line_text));
  }
  for (const config::HostAddress& host : config.hosts()) {
    sum += Sum(config.text(host.name)) + Sum(config.text(host.source.line_text));
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<uint8_t> good = GoodImage();
  fuzz::PatchedImage image(good, {data, size});
  const auto config = config::Config::FromImage(image.bytes());
  if (config.ok()) {
    volatile size_t sum = ReadAll(config.value());
    static_cast<void>(sum);
    fuzz::AskRules(config.value());
  }
  return 0;
}
