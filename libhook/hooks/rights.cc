#include "hooks/rights.h"

#include <linux/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/syscalls.h"
#include "base/text.h"
#include "config/config.h"
#include "hooks/launcher.h"
#include "hooks/libc_search.h"
#include "hooks/process.h"
#include "program/entry.h"
#include "program/path_search.h"

namespace hooks {
namespace {

void Say(const Process& process, engine::LogLevel level, const char* path, const char* then) {
  std::array<char, 1024> line;
  base::TextWriter text(line);
  text.Append(path).Append(
      " brings rights of its own (setuid, setgid or file capabilities), which");
  text.Append(" no program gets below an ordinary user's supervisor (no_new_privs): ").Append(then);
  process.log().Say(level, text.view());
}

}  // namespace

int CheckRights(const char* path) {
  if (sys::Call(SYS_prctl, PR_GET_NO_NEW_PRIVS) != 1 || !program::BringsRights(path)) {
    return 0;
  }
  Process& process = Process::Get();
  if (process.standing() != Process::Standing::kRouting) {
    return 0;
  }
  switch (config::WithRights(process.session().config().globals(), true)) {
    case config::Setuid::kRefuse:
      Say(process, engine::LogLevel::kError, path, "not started");
      return EACCES;
    case config::Setuid::kWarn:
      if (process.session().said().TakeTurn(engine::SaidOnce::kWithoutRights)) {
        Say(process, engine::LogLevel::kWarn, path, "it runs without them");
      }
      return 0;
    case config::Setuid::kAllow:
    case config::Setuid::kByDoor:
      return 0;
  }
  return 0;
}

int CheckRightsOfNamed(const char* name) {
  program::PathSearch search(name, SearchedPath());
  while (const char* const file = search.Next()) {
    if (MayAccess(file, X_OK)) {
      return CheckRights(file);
    }
  }
  return 0;
}

}  // namespace hooks
