#include "hooks/lookup.h"

#include <cstring>

#include "engine/lookup.h"
#include "hooks/caller.h"
#include "hooks/process.h"

namespace hooks {
namespace {

// RFC 6761 §6.3.
bool IsLocalhost(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost");
}

// RFC 1035 §2.3.4: labels of 1 to 63 bytes. With a ':' it is the text of an IPv6 address, one that
// libc didn't take, with a scope that there isn't.
bool HasProperLabels(std::string_view name) {
  constexpr size_t kMaxLabel = 63;
  if (name.find(':') != std::string_view::npos) {
    return false;
  }
  for (;;) {
    const size_t size = name.find('.');
    const std::string_view label = name.substr(0, size);
    if (label.empty() || label.size() > kMaxLabel) {
      return false;
    }
    if (size == std::string_view::npos) {
      return true;
    }
    name.remove_prefix(size + 1);
  }
}

NameAnswer TellMadeUp(Process& process, std::string_view name) {
  process.ShareTables();
  const auto address = process.session().names().AddressOf(name);
  if (!address) {
    return {.kind = NameAnswer::Kind::kRefused};
  }
  return {.kind = NameAnswer::Kind::kAddresses, .addresses = {*address}, .count = 1};
}

NameAnswer TellHosts(engine::Session& session, std::string_view name) {
  NameAnswer answer{.kind = NameAnswer::Kind::kAddresses};
  for (const config::HostAddress& host : session.config().HostAddresses(name)) {
    if (answer.count < answer.addresses.size()) {
      answer.addresses[answer.count++] = host.address;
    }
  }
  engine::Answered(session, name, std::span(answer.addresses).first(answer.count));
  return answer;
}

}  // namespace

NameAnswer LookUpName(std::string_view name) {
  Process& process = Process::Get();
  if (process.standing() == Process::Standing::kSteppedBack || IsResolving()) {
    return {};
  }
  const auto parsed = base::Endpoint::FromName(name, 0);
  if (!parsed || !HasProperLabels(parsed->name())) {
    return {.kind = NameAnswer::Kind::kNoSuchName};
  }
  if (process.standing() == Process::Standing::kLoopbackOnly) {
    return {.kind =
                IsLocalhost(parsed->name()) ? NameAnswer::Kind::kReal : NameAnswer::Kind::kRefused};
  }
  engine::Session& session = process.session();
  switch (engine::HowToTell(session.config(), parsed->name())) {
    case engine::Telling::kAsk:
      return {.name = *parsed};
    case engine::Telling::kHosts:
      return TellHosts(session, parsed->name());
    case engine::Telling::kMadeUp:
      break;
  }
  return TellMadeUp(process, parsed->name());
}

bool KeepAnswer(std::span<const base::IpAddress> found, NameAnswer* answer) {
  if (!answer->name.is_name()) {
    return true;
  }
  Process& process = Process::Get();
  if (engine::Answered(process.session(), answer->name.name(), found)) {
    return true;
  }
  *answer = TellMadeUp(process, answer->name.name());
  return false;
}

AddressAnswer LookUpAddress(const base::IpAddress& address) {
  Process& process = Process::Get();
  if (process.standing() == Process::Standing::kSteppedBack || IsResolving()) {
    return {};
  }
  if (process.standing() == Process::Standing::kLoopbackOnly) {
    return {.kind = address.IsLoopback() ? AddressAnswer::Kind::kReal
                                         : AddressAnswer::Kind::kNoSuchName};
  }
  if (names::NameTable::InRange(address)) {
    process.ShareTables();
  }
  engine::Session& session = process.session();
  if (const auto name = engine::ReverseName(session, address)) {
    return {.kind = AddressAnswer::Kind::kName, .name = *name};
  }
  const engine::Plan plan = engine::MakePlan(session, base::Endpoint(address, 0), process.exe());
  return {.kind =
              plan.pass_through ? AddressAnswer::Kind::kReal : AddressAnswer::Kind::kNoSuchName};
}

std::array<char, base::kMaxAddressText> Text(const base::IpAddress& address) {
  std::array<char, base::kMaxEndpointText> buffer;
  const std::string_view text = base::Endpoint(address, 0).HostText(buffer, false);
  std::array<char, base::kMaxAddressText> out{};
  std::memcpy(out.data(), text.data(), text.size());
  return out;
}

}  // namespace hooks
