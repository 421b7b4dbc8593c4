#include "config/host_section.h"

#include <algorithm>

#include "config/host_name.h"
#include "config/image.h"
#include "config/international_name.h"
#include "config/values.h"

namespace config {

namespace {

std::string WhyNoName(std::string_view text) {
  if (base::IpAddress::Parse(text)) {
    return Quote(text) + " is an address; write NAME = ADDRESS";
  }
  std::string out = "bad host name " + Quote(text);
  return text.find('*') != std::string_view::npos ? out + ": [hosts] takes no patterns" : out;
}

}  // namespace

bool HostReader::Read(const IniEntry& entry) {
  if (!entry.continues && !ReadName(entry)) {
    return false;
  }
  Host& host = hosts_.back();
  std::string_view rest = entry.value;
  for (std::string_view word = NextWord(&rest); !word.empty(); word = NextWord(&rest)) {
    host.has_address = true;
    const auto address = base::IpAddress::Parse(word);
    if (!address) {
      context_->Complain(entry.place,
                         "bad address " + Quote(word) + ": an IPv4 or IPv6 address is needed");
      continue;
    }
    context_->image().AddHostAddress(host.name, *address, context_->SourceOf(entry));
  }
  return true;
}

bool HostReader::ReadName(const IniEntry& entry) {
  std::string ascii = entry.key;
  if (!IsAscii(entry.key)) {
    if (auto complaint = ToAsciiName(entry.key, "bad host name " + Quote(entry.key), &ascii)) {
      context_->Complain(entry.place, std::move(*complaint));
      return false;
    }
  }
  if (!IsHostName(ascii)) {
    context_->Complain(entry.place, WhyNoName(entry.key));
    return false;
  }
  Host host{CanonicalName(ascii), entry.key, entry.place};
  const auto at = std::lower_bound(
      sorted_.begin(), sorted_.end(), host.name,
      [this](size_t index, const std::string& name) { return hosts_[index].name < name; });
  if (at != sorted_.end() && hosts_[*at].name == host.name) {
    context_->Complain(entry.place,
                       Quote(entry.key) + " is given twice; first on " +
                           context_->diagnostics().Reference(hosts_[*at].place, entry.place));
    return false;
  }
  sorted_.insert(at, hosts_.size());
  hosts_.push_back(std::move(host));
  return true;
}

void HostReader::Finish() {
  for (const Host& host : hosts_) {
    if (!host.has_address) {
      context_->Complain(host.place, Quote(host.written) + " has no address");
    }
  }
}

}  // namespace config
