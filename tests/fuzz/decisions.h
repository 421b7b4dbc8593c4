// Asks the rules about targets of every sort.
#ifndef GOCHAIN_TESTS_FUZZ_DECISIONS_H_
#define GOCHAIN_TESTS_FUZZ_DECISIONS_H_

#include "base/endpoint.h"
#include "handshake_property.h"
#include "rules/rewrite.h"
#include "rules/rules.h"

namespace fuzz {

inline void AskRules(const config::Config& config) {
  for (const char* name : {"localhost", "go.example", "a.b.corp.example", "github.com", "x"}) {
    const rules::Query query{.name = name, .address = nullptr, .port = 443, .exe = "git"};
    const bool direct = rules::Decide(config, query).route.kind == config::RouteKind::kDirect;
    Require(direct || rules::NeedsMadeUpAddress(config, name),
            "a name that some route takes elsewhere is not looked up here");
    rules::IsNamedByRule(config, name);
    config.HostAddresses(name);
    const auto rewritten = rules::Rewritten(config, *base::Endpoint::FromName(name, 80));
    Require(!rewritten || rules::NeedsMadeUpAddress(config, name) ||
                !rules::MayBeRewritten(config, name),
            "a name that is rewritten is not looked up here");
  }
  for (const char* text : {"127.0.0.1", "10.1.2.3", "2001:db8::1", "::1", "192.0.2.7"}) {
    const auto address = *base::IpAddress::Parse(text);
    rules::Decide(config, {.name = {}, .address = &address, .port = 22, .exe = "ssh"});
  }
}

}  // namespace fuzz

#endif  // GOCHAIN_TESTS_FUZZ_DECISIONS_H_
