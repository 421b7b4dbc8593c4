#include "engine/dns_policy.h"

#include <netinet/in.h>

#include "engine/lookup.h"
#include "names/dns_answer.h"
#include "names/reverse_name.h"
#include "rules/rules.h"

namespace engine {
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

DnsPolicy::Decision DnsPolicy::Decide(std::span<const uint8_t> message,
                                      const names::ResolvConf& conf, std::span<uint8_t> out) {
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
  const auto reverse = names::ParseReverseName(name);
  const auto pointed = reverse ? ReverseName(session_, *reverse) : std::nullopt;
  if (pointed) {
    if (!query.Is(DnsType::kPtr)) {
      return say(DnsCode::kNoError);
    }
    return {Verdict::kAnswer,
            names::BuildDnsPointer(message, query, pointed->name(), kTtlSeconds, out)};
  }
  if (reverse && names::NameTable::InRange(*reverse)) {
    return say(DnsCode::kNoSuchName);
  }
  const config::Config& config = session_.config();
  // The root stands for any name: it is asked for where names in general may be.
  const Telling telling = HowToTell(config, name.empty() ? "." : name);
  if (telling == Telling::kHosts) {
    return SayAddresses(message, query, config.HostAddresses(name), out);
  }
  if (IsLocalhost(name) && telling == Telling::kAsk) {
    return SayLoopback(message, query, out);
  }
  const bool is_host = !config.HostAddresses(name).empty();
  if ((!query.sayable && !name.empty()) ||
      (!is_host && !config.HostAddresses(names::StemOf(conf, name)).empty())) {
    // A name of [hosts] with a search domain behind it: like /etc/hosts, it comes first.
    return say(DnsCode::kNoSuchName);
  }
  if (telling == Telling::kAsk) {
    return {Verdict::kForward};
  }
  if (reverse) {
    return say(DnsCode::kNoSuchName);
  }
  if (!is_host && !names::SearchStem(conf, name).empty() && !rules::IsNamedByRule(config, name)) {
    // Yes to "proxy.golang.org.ci.svc.cluster.local" would keep the resolver from ever asking for
    // proxy.golang.org itself.
    return say(DnsCode::kNoSuchName);
  }
  return SayMadeUp(message, query, out);
}

DnsPolicy::Decision DnsPolicy::Review(std::span<const uint8_t> message,
                                      std::span<const uint8_t> answer, std::span<uint8_t> out) {
  names::DnsQuery query;
  AnsweredAddresses addresses;
  const bool parsed = names::ParseDnsQuery(message, &query) == names::DnsParsed::kQuery;
  const size_t count = parsed ? names::ReadDnsAddresses(answer, query, addresses) : 0;
  if (count == 0 || Answered(session_, query.name(), std::span(addresses).first(count))) {
    return {Verdict::kForward};
  }
  return SayMadeUp(message, query, out);
}

DnsPolicy::Decision DnsPolicy::SayAddresses(std::span<const uint8_t> message,
                                            const names::DnsQuery& query,
                                            std::span<const config::HostAddress> hosts,
                                            std::span<uint8_t> out) {
  Addresses addresses;
  size_t count = 0;
  for (const config::HostAddress& host : hosts) {
    const bool asked = query.Is(host.address.is_v4() ? DnsType::kA : DnsType::kAaaa);
    if (asked && query.klass == kClassIn && count < addresses.size()) {
      addresses[count++] = host.address;
    }
  }
  const auto found = std::span(addresses).first(count);
  Answered(session_, query.name(), found);
  return {Verdict::kAnswer, names::BuildDnsAddresses(message, query, found, kTtlSeconds, out)};
}

DnsPolicy::Decision DnsPolicy::SayLoopback(std::span<const uint8_t> message,
                                           const names::DnsQuery& query, std::span<uint8_t> out) {
  const base::IpAddress addresses[] = {
      query.Is(DnsType::kA)
          ? base::IpAddress::V4(INADDR_LOOPBACK)
          : base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(in6addr_loopback.s6_addr))};
  const bool asked = query.Is(DnsType::kA) || query.Is(DnsType::kAaaa);
  return {Verdict::kAnswer,
          names::BuildDnsAddresses(message, query, std::span(addresses).first(asked ? 1 : 0),
                                   kTtlSeconds, out)};
}

DnsPolicy::Decision DnsPolicy::SayMadeUp(std::span<const uint8_t> message,
                                         const names::DnsQuery& query, std::span<uint8_t> out) {
  const std::string_view name = query.name();
  if (query.klass != kClassIn || !query.Is(DnsType::kA) || name.empty()) {
    // Nothing of this type, but the name is there: a resolver goes on with the A record.
    return {Verdict::kAnswer, names::BuildDnsAnswer(message, query, DnsCode::kNoError, out)};
  }
  const auto address = session_.names().AddressOf(name);
  if (!address.has_value()) {
    return {Verdict::kAnswer, names::BuildDnsAnswer(message, query, DnsCode::kServerFailure, out)};
  }
  return {Verdict::kAnswer,
          names::BuildDnsAddresses(message, query, {&*address, 1}, kTtlSeconds, out)};
}

size_t DnsPolicy::ServerFailure(std::span<const uint8_t> message, std::span<uint8_t> out) {
  names::DnsQuery query;
  if (names::ParseDnsQuery(message, &query) != names::DnsParsed::kQuery) {
    return 0;
  }
  return names::BuildDnsAnswer(message, query, DnsCode::kServerFailure, out);
}

}  // namespace engine
