#include "supervisor/dns_policy.h"

#include "rules/rules.h"

namespace supervisor {
namespace {

using names::DnsCode;
using names::DnsType;

// The address of a name never changes within a run, and means nothing after it.
constexpr uint32_t kTtlSeconds = 10;
constexpr uint16_t kClassIn = 1;
constexpr uint8_t kOpcodeQuery = 0;

bool IsLocalhost(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost");
}

}  // namespace

DnsPolicy::Decision DnsPolicy::Decide(std::span<const uint8_t> message, const ResolvConf& conf,
                                      std::span<uint8_t> out) {
  names::DnsQuery query;
  const auto say = [&](DnsCode code) {
    return Decision{Verdict::kAnswer, names::BuildDnsAnswer(message, query, code, out)};
  };
  switch (names::ParseDnsQuery(message, &query)) {
    case names::DnsParsed::kIgnore:
      return {Verdict::kIgnore};
    case names::DnsParsed::kBroken:
      return say(DnsCode::kFormatError);
    case names::DnsParsed::kQuery:
      break;
  }
  if (query.opcode() != kOpcodeQuery) {
    return say(DnsCode::kNotImplemented);
  }
  const std::string_view name = query.name();
  base::IpAddress reverse;
  if (names::ParseReverseName(name, &reverse) && names::NameTable::InRange(reverse)) {
    const auto named = session_.names().NameOf(reverse);
    if (named.has_value() && query.Is(DnsType::kPtr)) {
      return {Verdict::kAnswer,
              names::BuildDnsPointer(message, query, named->name(), kTtlSeconds, out)};
    }
    return say(named.has_value() ? DnsCode::kNoError : DnsCode::kNoSuchName);
  }
  const config::Config& config = session_.config();
  if (IsLocalhost(name) && !rules::NeedsMadeUpAddress(config, name)) {
    constexpr uint8_t kV6Loopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    if (query.Is(DnsType::kA) || query.Is(DnsType::kAaaa)) {
      const auto address =
          query.Is(DnsType::kA)
              ? base::IpAddress::V4(INADDR_LOOPBACK)
              : base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(kV6Loopback));
      return {Verdict::kAnswer, names::BuildDnsAddress(message, query, address, kTtlSeconds, out)};
    }
    return say(DnsCode::kNoError);
  }
  if (!query.sayable && !name.empty()) {
    return say(DnsCode::kNoSuchName);
  }
  // The root stands for any name: it is asked for where names in general may be.
  if (!rules::NeedsMadeUpAddress(config, name.empty() ? "." : name)) {
    return {Verdict::kForward};
  }
  if (reverse != base::IpAddress()) {
    return say(DnsCode::kNoSuchName);
  }
  if (!SearchStem(conf, name).empty() && !rules::IsNamedByRule(config, name)) {
    // Yes to "proxy.golang.org.ci.svc.cluster.local" would keep the resolver from ever asking for
    // proxy.golang.org itself.
    return say(DnsCode::kNoSuchName);
  }
  if (query.klass != kClassIn || !query.Is(DnsType::kA) || name.empty()) {
    // Nothing of this type, but the name is there: a resolver goes on with the A record.
    return say(DnsCode::kNoError);
  }
  const auto address = session_.names().AddressOf(name);
  if (!address.has_value()) {
    return say(DnsCode::kServerFailure);
  }
  return {Verdict::kAnswer, names::BuildDnsAddress(message, query, *address, kTtlSeconds, out)};
}

size_t DnsPolicy::ServerFailure(std::span<const uint8_t> message, std::span<uint8_t> out) {
  names::DnsQuery query;
  if (names::ParseDnsQuery(message, &query) != names::DnsParsed::kQuery) {
    return 0;
  }
  return names::BuildDnsAnswer(message, query, DnsCode::kServerFailure, out);
}

}  // namespace supervisor
