#include "engine/plan.h"

#include <netinet/in.h>

#include <algorithm>

#include "engine/lookup.h"
#include "rules/rewrite.h"

namespace engine {
namespace {

using base::Endpoint;
using base::IpAddress;

size_t HostAddresses(const config::Config& config, std::string_view name, Addresses* out) {
  const auto hosts = config.HostAddresses(name);
  const size_t count = std::min(hosts.size(), out->size());
  for (size_t i = 0; i < count; ++i) {
    (*out)[i] = hosts[i].address;
  }
  return count;
}

rules::Query QueryOf(const Endpoint& destination, const IpAddress* address, std::string_view exe) {
  rules::Query query;
  query.name = destination.is_name() ? destination.name() : std::string_view();
  query.address = address;
  query.port = destination.port();
  query.exe = exe;
  return query;
}

// What becomes of `plan`'s target. `address` is the one that the program gave for it; null: none,
// or one that says nothing but the name.
void Decide(const config::Config& config, const IpAddress* address, std::string_view exe,
            Plan* out) {
  Plan& plan = *out;
  plan.rewritten = rules::Rewritten(config, plan.target, address);
  const Endpoint& destination = plan.destination();
  if (!destination.is_name()) {
    plan.addresses[0] = destination.address();
    plan.address_count = 1;
  } else if (address != nullptr && destination.name() == plan.target.name()) {
    plan.addresses[0] = *address;
    plan.address_count = 1;
  } else {
    plan.address_count = HostAddresses(config, destination.name(), &plan.addresses);
  }
  if (plan.address_count > 0) {
    plan.address_count =
        DecideAt(config, destination, exe, std::span(plan.addresses).first(plan.address_count),
                 &plan.decision);
  } else {
    plan.decision = rules::Decide(config, QueryOf(destination, nullptr, exe));
    plan.resolve_here = config.DnsOf(plan.decision.route) == config::Dns::kLocal;
  }
}

}  // namespace

Plan MakePlan(Session& session, const Endpoint& asked, std::string_view exe) {
  Plan plan;
  plan.asked = asked;
  plan.target = asked;
  if (auto named = NameFor(session, asked.address(), &plan.made_up)) {
    named->set_port(asked.port());
    plan.target = *named;
  }
  Decide(session.config(), plan.made_up ? nullptr : &asked.address(), exe, &plan);
  plan.pass_through =
      !plan.made_up && !plan.rewritten && plan.decision.route.kind == config::RouteKind::kDirect;
  return plan;
}

Plan MakePlanAsked(Session& session, const Endpoint& asked, std::string_view exe) {
  Plan plan;
  if (asked.is_name()) {
    plan.asked = asked;
    plan.target = asked;
    Decide(session.config(), nullptr, exe, &plan);
  } else {
    plan = MakePlan(session, asked, exe);
  }
  plan.pass_through = false;
  return plan;
}

size_t DecideAt(const config::Config& config, const Endpoint& destination, std::string_view exe,
                std::span<IpAddress> addresses, rules::Decision* decision) {
  *decision = rules::Decide(config, QueryOf(destination, &addresses[0], exe));
  size_t kept = 1;
  for (size_t i = 1; i < addresses.size(); ++i) {
    const auto other = rules::Decide(config, QueryOf(destination, &addresses[i], exe));
    if (other.route == decision->route) {
      addresses[kept++] = addresses[i];
    }
  }
  return kept;
}

size_t KnownHopAddresses(const Session& session, uint16_t proxy, Addresses* out) {
  const config::Config& config = session.config();
  const std::string_view host = config.text(config.proxies()[proxy].host);
  if (const auto address = IpAddress::Parse(host)) {
    // The kernel takes the any-address for the own host; getpeername then says loopback.
    (*out)[0] = address->IsAny() && address->is_v4() ? IpAddress::V4(INADDR_LOOPBACK) : *address;
    return 1;
  }
  // In the order in which they were found to answer.
  const size_t count = session.HopAddresses(proxy, out);
  return count > 0 ? count : HostAddresses(config, host, out);
}

}  // namespace engine
