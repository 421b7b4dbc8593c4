// What may stand behind the keys of several sections.
#ifndef GOCHAIN_CONFIG_VALUES_H_
#define GOCHAIN_CONFIG_VALUES_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/config.h"
#include "config/diagnostics.h"

namespace config {

// Takes the next word off `text`, which blanks separate; empty at its end.
std::string_view NextWord(std::string_view* text);

// "10", "0.5", "2.25", in milliseconds; what is less than one counts as one. 0: no such number, or
// more than an hour.
uint32_t ParseSeconds(std::string_view text);

std::optional<Complaint> ParseDns(std::string_view text, Dns* out);
std::optional<Complaint> ParseConnect(std::string_view text, Connect* out);
std::optional<Complaint> ParseUdp(std::string_view text, Udp* out);
std::optional<Complaint> ParseSetuid(std::string_view text, Setuid* out);
std::optional<Complaint> ParseAuth(std::string_view text, Auth* out);
std::optional<Complaint> ParsePipeline(std::string_view text, Pipeline* out);

std::optional<Complaint> ParsePool(std::string_view text, uint8_t* out);

}  // namespace config

#endif  // GOCHAIN_CONFIG_VALUES_H_
