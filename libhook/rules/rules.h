// Rules: which route a target takes, and which line says so. Pure, async-signal-safe, any thread.
#ifndef GOCHAIN_RULES_RULES_H_
#define GOCHAIN_RULES_RULES_H_

#include <cstdint>
#include <string_view>

#include "base/endpoint.h"
#include "config/config.h"

namespace rules {

// What the rules are asked about. A target that the program named has `name`; one that it gave as
// an address, or whose name was looked up here, has `address`; at least one of them is there.
struct Query {
  std::string_view name;  // lower case, no final dot; empty: none
  const base::IpAddress* address = nullptr;
  uint16_t port = 0;
  std::string_view exe;  // base name of the dialling program; empty: unknown
};

// What a target is, apart from its name and address: loopback and first hops are direct unless a
// pattern means them expressly.
enum class Standing : uint8_t { kOrdinary, kLoopback, kFirstHop };

Standing StandingOf(const config::Config& config, const Query& query);

enum class Reason : uint8_t { kRule, kDefault, kCommandLine, kEnvironment, kLoopback, kFirstHop };

struct Decision {
  config::Route route;
  Reason reason = Reason::kDefault;
  const config::Pattern* pattern = nullptr;  // where kRule
};

// First match wins. Loopback is direct unless a pattern names it (@loopback, localhost, or a
// pattern inside 127/8 or ::1); a first hop's own address and port is direct unless a rule names
// it.
Decision Decide(const config::Config& config, const Query& query);

// True where `name` could go other than direct, or be rewritten, on some port or for some program:
// then it is never looked up for a program, which gets a made-up address.
bool NeedsMadeUpAddress(const config::Config& config, std::string_view name);

// True where a rule other than `*` and the default names `name` itself (exact, suffix, glob): used
// to tell a real long name from stem + search suffix.
bool IsNamedByRule(const config::Config& config, std::string_view name);

// The line of a rules file that decided; null: none did.
const config::Source* DecidingLine(const Decision& decision);
// Where none did, the word for why in log lines and --explain: "default", "first hop".
std::string_view ReasonText(const Decision& decision);

// Does `pattern` take `query`? The building block of the others; for tests and --explain.
bool Matches(const config::Config& config, const config::Pattern& pattern, const Query& query);

}  // namespace rules

#endif  // GOCHAIN_RULES_RULES_H_
