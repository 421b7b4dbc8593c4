// Settings: what a run was told beside its rules; lies in the shared region, so plain and checked.
#ifndef GOCHAIN_ENGINE_SETTINGS_H_
#define GOCHAIN_ENGINE_SETTINGS_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/rules_variables.h"

namespace engine {

enum class LogLevel : uint8_t { kOff, kError, kWarn, kInfo, kDebug };
enum class LogFormat : uint8_t { kText, kJson };
enum class Mode : uint8_t { kAuto, kPreload, kSupervise, kEnv };

struct Settings {
  // Lets the library's own calls past the supervisor's filter; 0: there is no filter.
  uint64_t cookie = 0;
  Mode mode = Mode::kAuto;
  LogLevel log_level = LogLevel::kWarn;
  LogFormat log_format = LogFormat::kText;
  // True where a filter is installed, so that what the library doesn't handle is handled there.
  bool supervised = false;
  // True where the supervisor makes the sockets and keeps duplicates until it sees them connected.
  bool sockets_trapped = false;
  // As COMMAND was given them.
  RulesVariableHashes rules_variables{};
  // Absolute path, terminated; empty: standard error.
  std::array<char, 4096> log_file{};

  std::string_view log_file_view() const { return log_file.data(); }
};

// Names of the contract ("auto", "warn", "json"); false where `text` is none of them.
bool ParseLogLevel(std::string_view text, LogLevel* out);
bool ParseLogFormat(std::string_view text, LogFormat* out);
bool ParseMode(std::string_view text, Mode* out);
std::string_view LogLevelWord(LogLevel level);
std::string_view LogFormatWord(LogFormat format);

}  // namespace engine

#endif  // GOCHAIN_ENGINE_SETTINGS_H_
