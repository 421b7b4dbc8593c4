#include "hooks/lookup.h"

#include "base/text.h"
#include "engine/connector.h"
#include "hooks/caller.h"
#include "hooks/process.h"
#include "rules/rules.h"

namespace hooks {
namespace {

// RFC 6761 §6.3.
bool IsLocalhost(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost");
}

// RFC 1035 §2.3.4: labels of 1 to 63 bytes.
bool HasProperLabels(std::string_view name) {
  constexpr size_t kMaxLabel = 63;
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
  if (!rules::NeedsMadeUpAddress(session.config(), parsed->name())) {
    return {};
  }
  const auto address = session.names().AddressOf(parsed->name());
  if (!address) {
    return {.kind = NameAnswer::Kind::kRefused};
  }
  return {.kind = NameAnswer::Kind::kMadeUp, .address = *address};
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
  engine::Session& session = process.session();
  if (const auto name = session.names().NameOf(address)) {
    return {.kind = AddressAnswer::Kind::kName, .name = *name};
  }
  const engine::Plan plan = engine::MakePlan(session, base::Endpoint(address, 0), process.exe());
  return {.kind =
              plan.pass_through ? AddressAnswer::Kind::kReal : AddressAnswer::Kind::kNoSuchName};
}

std::array<char, 16> Text(const base::IpAddress& v4) {
  std::array<char, 16> out{};
  base::TextWriter text(std::span<char>(out).first(out.size() - 1));
  for (const uint8_t byte : v4.bytes()) {
    if (!text.view().empty()) {
      text.Append('.');
    }
    text.AppendNumber(byte);
  }
  return out;
}

}  // namespace hooks
