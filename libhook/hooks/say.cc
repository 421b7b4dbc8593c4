#include "hooks/say.h"

#include "engine/event_log.h"
#include "hooks/environment.h"
#include "hooks/process.h"

namespace hooks {

void SayWithoutRules(engine::LogLevel level, std::string_view line) {
  if (Variable("GOCHAIN_STATE") != nullptr) {
    Process::Get().log().Say(level, line);
    return;
  }
  engine::Settings settings;
  ReadSettings(&settings);
  engine::EventLog(settings, nullptr).Say(level, line);
}

}  // namespace hooks
