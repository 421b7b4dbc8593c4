// EventLog: one line for each event, as text on standard error or as JSON, or in a file.
//
// One line is one write(2) (O_APPEND where it is a file), so lines of many processes don't mix. The
// file is opened and closed for each line: no descriptor of ours stays in a stranger's process.
// Standard error is left alone where descriptor 2 is a socket or not open: then it is the program's
// own. Async-signal-safe, any thread.
#ifndef GOCHAIN_ENGINE_EVENT_LOG_H_
#define GOCHAIN_ENGINE_EVENT_LOG_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/endpoint.h"
#include "base/failure.h"
#include "base/text.h"
#include "chain/path.h"
#include "config/config.h"
#include "engine/settings.h"
#include "rules/rules.h"

namespace engine {

enum class Door : uint8_t { kPreload, kSupervise, kRelay, kListen };
enum class EventKind : uint8_t { kConnect, kFail, kReject };

struct Event {
  EventKind kind = EventKind::kConnect;
  Door door = Door::kPreload;
  int pid = 0;            // 0: unknown, and nothing is said of the program
  std::string_view exe;   // base name
  base::Endpoint target;  // what the program asked for, by name where it had one
  std::optional<base::Endpoint> rewritten = std::nullopt;  // what [rewrite] made of it
  rules::Decision decision;
  chain::Path path;       // the hops taken, of those that the route has
  base::Failure failure;  // kFail, kReject
  int64_t connect_ms = 0;
};

// "office (http 10.0.0.1:8080)"
void AppendHop(base::TextWriter& out, const config::Config& config, const config::Proxy& hop);

class EventLog {
 public:
  // `settings` and `config` outlive the log. `config` may be null: then only Say() works.
  EventLog(const Settings& settings, const config::Config* config)
      : settings_(&settings), config_(config) {}

  // Connects are written at info, failures and rejections at warn.
  void Write(const Event& event) const;
  bool Writes(EventKind kind) const { return enabled(LevelOf(kind)) && config_ != nullptr; }
  // "gochain: MESSAGE", or an object with event "message".
  void Say(LogLevel level, std::string_view message) const;
  bool enabled(LogLevel level) const { return level <= settings_->log_level; }

  // The event as one line with its '\n'; the view is of `buffer`. For tests.
  std::string_view Format(const Event& event, std::span<char> buffer) const;

 private:
  static LogLevel LevelOf(EventKind kind) {
    return kind == EventKind::kConnect ? LogLevel::kInfo : LogLevel::kWarn;
  }
  void Emit(std::string_view line) const;

  const Settings* settings_;
  const config::Config* config_;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_EVENT_LOG_H_
