#include "engine/settings.h"

#include <cstddef>

namespace engine {
namespace {

template <typename T>
struct Word {
  std::string_view text;
  T value;
};

template <typename T, size_t N>
bool Find(const Word<T> (&words)[N], std::string_view text, T* out) {
  for (const Word<T>& word : words) {
    if (word.text == text) {
      *out = word.value;
      return true;
    }
  }
  return false;
}

template <typename T, size_t N>
std::string_view WordOf(const Word<T> (&words)[N], T value) {
  for (const Word<T>& word : words) {
    if (word.value == value) {
      return word.text;
    }
  }
  return "";
}

constexpr Word<LogLevel> kLogLevels[] = {{"off", LogLevel::kOff},
                                         {"error", LogLevel::kError},
                                         {"warn", LogLevel::kWarn},
                                         {"info", LogLevel::kInfo},
                                         {"debug", LogLevel::kDebug}};
constexpr Word<LogFormat> kLogFormats[] = {{"text", LogFormat::kText}, {"json", LogFormat::kJson}};
constexpr Word<Mode> kModes[] = {{"auto", Mode::kAuto},
                                 {"preload", Mode::kPreload},
                                 {"supervise", Mode::kSupervise},
                                 {"env", Mode::kEnv}};

}  // namespace

bool ParseLogLevel(std::string_view text, LogLevel* out) { return Find(kLogLevels, text, out); }
bool ParseLogFormat(std::string_view text, LogFormat* out) { return Find(kLogFormats, text, out); }
bool ParseMode(std::string_view text, Mode* out) { return Find(kModes, text, out); }
std::string_view LogLevelWord(LogLevel level) { return WordOf(kLogLevels, level); }
std::string_view LogFormatWord(LogFormat format) { return WordOf(kLogFormats, format); }

}  // namespace engine
