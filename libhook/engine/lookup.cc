#include "engine/lookup.h"

#include <algorithm>

#include "rules/rules.h"

namespace engine {
namespace {

using config::Config;
using config::HostAddress;

bool IsOfAnother(const Config& config, const base::IpAddress& address, std::string_view name) {
  for (const HostAddress& host : config.hosts()) {
    if (host.address == address && config.text(host.name) != name) {
      return true;
    }
  }
  return false;
}

}  // namespace

Telling HowToTell(const Config& config, std::string_view name) {
  const auto hosts = config.HostAddresses(name);
  const bool direct = !rules::NeedsMadeUpAddress(config, name);
  if (hosts.empty()) {
    return direct ? Telling::kAsk : Telling::kMadeUp;
  }
  if (!direct) {
    for (const HostAddress& host : hosts) {
      // Loopback is every program's own, whatever names lead there.
      if (host.address.IsLoopback() || IsOfAnother(config, host.address, name)) {
        return Telling::kMadeUp;
      }
    }
  }
  return Telling::kHosts;
}

bool AsksForAll(const Config& config) {
  const auto patterns = config.patterns();
  return config.globals().default_route.kind == config::RouteKind::kDirect &&
         config.hosts().empty() && config.rewrites().empty() &&
         std::all_of(patterns.begin(), patterns.end(), [](const config::Pattern& pattern) {
           return pattern.route.kind == config::RouteKind::kDirect;
         });
}

bool Answered(Session& session, std::string_view name, std::span<const base::IpAddress> addresses) {
  const Config& config = session.config();
  const bool is_host = !config.HostAddresses(name).empty();
  for (const base::IpAddress& address : addresses) {
    if (!is_host && !address.IsLoopback() && IsOfAnother(config, address, name)) {
      return false;
    }
  }
  for (const base::IpAddress& address : addresses) {
    // One of those is what a responder of gochain's own said.
    if (!names::NameTable::InRange(address)) {
      session.answers().Put(address, name);
    }
  }
  return true;
}

std::optional<base::Endpoint> NameFor(Session& session, const base::IpAddress& address,
                                      bool* made_up) {
  auto name = session.names().NameOf(address);
  *made_up = name.has_value();
  return name ? name : session.AnsweredName(address);
}

std::optional<base::Endpoint> ReverseName(Session& session, const base::IpAddress& address) {
  const Config& config = session.config();
  const HostAddress* first = nullptr;
  for (const HostAddress& host : config.hosts()) {
    if (host.address == address && (first == nullptr || host.source.line < first->source.line)) {
      first = &host;
    }
  }
  return first != nullptr ? base::Endpoint::FromName(config.text(first->name), 0)
                          : session.names().NameOf(address);
}

}  // namespace engine
