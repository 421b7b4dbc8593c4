#include "explain/explain.h"

#include <fmt/format.h>

#include <optional>

#include "base/endpoint.h"
#include "config/host_name.h"
#include "config/international_name.h"
#include "explain/explanation.h"
#include "explain/explanation_format.h"

namespace explain {
namespace {

using config::Config;

constexpr uint16_t kDefaultPort = 443;

// None with one line in `error`.
std::optional<base::Endpoint> ParseTarget(std::string_view text, std::string* error) {
  *error =
      fmt::format("--explain: bad target '{}': HOST, HOST:PORT or [ADDRESS]:PORT is needed", text);
  std::string_view host = text;
  uint16_t port = kDefaultPort;
  const size_t colon = text.rfind(':');
  const bool bare_v6 = !text.starts_with('[') && text.find(':') != colon;
  if (colon != std::string_view::npos && !bare_v6 && !text.ends_with(']')) {
    host = text.substr(0, colon);
    if (!config::ParsePort(text.substr(colon + 1), &port)) {
      return std::nullopt;
    }
  }
  if (const auto address = base::IpAddress::Parse(host)) {
    return base::Endpoint(*address, port);
  }
  std::string ascii(host);
  if (!config::IsAscii(host)) {
    const std::string what = fmt::format("--explain: bad target '{}'", text);
    if (auto complaint = config::ToAsciiName(host, what, &ascii)) {
      *error = complaint->message;
      return std::nullopt;
    }
  }
  return config::IsHostName(ascii) ? base::Endpoint::FromName(ascii, port) : std::nullopt;
}

}  // namespace

bool Explain(const Config& config, std::span<const std::string> go_private_paths,
             std::span<const std::string> targets, engine::LogFormat format, std::string* text,
             std::string* error) {
  text->clear();
  for (const std::string& word : targets) {
    const auto target = ParseTarget(word, error);
    if (!target) {
      return false;
    }
    const Explanation explanation = ExplanationOf(config, go_private_paths, *target);
    *text +=
        format == engine::LogFormat::kJson ? Json(config, explanation) : Text(config, explanation);
  }
  error->clear();
  return true;
}

}  // namespace explain
