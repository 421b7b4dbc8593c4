// Reads one pattern of a rules file: a host, a network, a port, a program, or several of them.
#ifndef GOCHAIN_CONFIG_PATTERN_PARSER_H_
#define GOCHAIN_CONFIG_PATTERN_PARSER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/endpoint.h"
#include "config/config.h"
#include "config/diagnostics.h"

namespace config {

// The members of config::Pattern that the pattern's own text decides.
struct ParsedPattern {
  PatternKind kind = PatternKind::kAny;
  uint8_t prefix_bits = 0;
  bool exe_only = false;
  uint16_t low_port = 0;
  uint16_t high_port = 65535;
  uint16_t list = 0;  // kList: set by whoever adds the list to the image
  std::string host;   // kList: its path
  base::IpAddress address;
  std::string exe;
};

std::optional<Complaint> ParsePattern(std::string_view text, ParsedPattern* out);

}  // namespace config

#endif  // GOCHAIN_CONFIG_PATTERN_PARSER_H_
