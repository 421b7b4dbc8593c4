// list-bench names COUNT | networks 4|6 COUNT: writes a list to standard output. Every second name
// stands for all below it too.
// list-bench compile FILE: the seconds it takes to make an image, and its bytes.
// list-bench lookups RULES NAMES NETWORKS ROUNDS: nanoseconds that rules::Decide takes for each of
// a million random targets, one line a kind: the fastest of ROUNDS passes (what else runs on the
// machine takes the lists out of its caches), the median, and the share that is in a list. NAMES
// and NETWORKS are the counts that the lists of the rules file were made with.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"
#include "config/builder.h"
#include "config/list_loader.h"
#include "engine/list_maps.h"
#include "random_lists.h"
#include "rules/rules.h"

namespace {

constexpr uint64_t kListSeed = 1;
constexpr uint64_t kOtherSeed = 2;
constexpr size_t kTargets = 1000000;

int Fail(const char* what) {
  std::fprintf(stderr, "list-bench: %s\n", what);
  return 1;
}

std::string TextOf(const bench::Network& network) {
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(base::Endpoint(network.address, 0).HostText(buffer, false)) + "/" +
         std::to_string(network.prefix_bits);
}

int Compile(const char* path) {
  std::vector<config::Diagnostic> diagnostics;
  const int64_t start = base::NowUs();
  const auto loaded = config::LoadList(path, path, config::ListCache(""), &diagnostics);
  const int64_t end = base::NowUs();
  if (!loaded.ok() || !loaded->fd) {
    return Fail("the list can't be compiled");
  }
  std::printf("%.3f %zu\n", static_cast<double>(end - start) / 1e6, loaded->size);
  return 0;
}

// One target of a million, side by side in memory, so that the list alone is far away.
struct Target {
  uint8_t name_size = 0;
  char name[63] = {};
  base::IpAddress address;
};

std::vector<Target> NameTargets(size_t count, uint64_t seed) {
  bench::Random random(3);
  const std::vector<std::string> names = bench::RandomNames(count, seed);
  std::vector<Target> out(kTargets);
  for (Target& target : out) {
    const std::string& name = names[random.Below(names.size())];
    target.name_size = static_cast<uint8_t>(std::min(name.size(), sizeof target.name));
    std::memcpy(target.name, name.data(), target.name_size);
  }
  return out;
}

std::vector<Target> AddressTargets(size_t count, bool v6, uint64_t seed) {
  bench::Random random(4);
  const std::vector<bench::Network> networks = bench::RandomNetworks(count, v6, seed);
  std::vector<Target> out(kTargets);
  for (Target& target : out) {
    target.address = bench::AddressIn(networks[random.Below(networks.size())], &random);
  }
  return out;
}

void Measure(const char* what, const config::Config& config, const std::vector<Target>& targets,
             int rounds) {
  std::vector<double> taken;
  size_t listed = 0;
  for (int round = 0; round < rounds; ++round) {
    listed = 0;
    const int64_t start = base::NowUs();
    for (const Target& target : targets) {
      rules::Query query;
      query.name = {target.name, target.name_size};
      query.address = target.name_size == 0 ? &target.address : nullptr;
      query.port = 443;
      listed += rules::Decide(config, query).reason == rules::Reason::kRule ? 1 : 0;
    }
    taken.push_back(static_cast<double>(base::NowUs() - start) * 1e3 /
                    static_cast<double>(targets.size()));
  }
  std::sort(taken.begin(), taken.end());
  std::printf("%s %.1f %.1f %.3f\n", what, taken.front(), taken[taken.size() / 2],
              static_cast<double>(listed) / static_cast<double>(targets.size()));
  std::fflush(stdout);
}

int Lookups(const char* rules, size_t names, size_t networks, int rounds) {
  config::Inputs inputs;
  inputs.file = rules;
  const config::Built built = config::Build(inputs);
  for (const config::Diagnostic& diagnostic : built.diagnostics) {
    return Fail(diagnostic.Text().c_str());
  }
  auto config = config::Config::FromImage(built.image);
  const auto lists = engine::MapLists(built.lists);
  if (!config.ok() || !lists.ok()) {
    return Fail("the rules can't be used");
  }
  config->SetLists(lists.value());
  Measure("present", config.value(), NameTargets(names, kListSeed), rounds);
  Measure("absent", config.value(), NameTargets(names, kOtherSeed), rounds);
  Measure("v4-present", config.value(), AddressTargets(networks, false, kListSeed), rounds);
  Measure("v4-absent", config.value(), AddressTargets(networks, false, kOtherSeed), rounds);
  Measure("v6-present", config.value(), AddressTargets(networks, true, kListSeed), rounds);
  Measure("v6-absent", config.value(), AddressTargets(networks, true, kOtherSeed), rounds);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == "names" && argc == 3) {
    bool below = false;
    for (const std::string& name :
         bench::RandomNames(std::strtoul(argv[2], nullptr, 10), kListSeed)) {
      std::printf("%s%s\n", below ? "." : "", name.c_str());
      below = !below;
    }
    return 0;
  }
  if (word == "networks" && argc == 4) {
    for (const bench::Network& network :
         bench::RandomNetworks(std::strtoul(argv[3], nullptr, 10), argv[2][0] == '6', kListSeed)) {
      std::printf("%s\n", TextOf(network).c_str());
    }
    return 0;
  }
  if (word == "compile" && argc == 3) {
    return Compile(argv[2]);
  }
  if (word == "lookups" && argc == 6) {
    return Lookups(argv[2], std::strtoul(argv[3], nullptr, 10), std::strtoul(argv[4], nullptr, 10),
                   std::atoi(argv[5]));
  }
  return Fail(
      "names COUNT | networks 4|6 COUNT | compile FILE | lookups RULES NAMES NETWORKS ROUNDS");
}
