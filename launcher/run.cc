#include "run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/syscalls.h"
#include "config/config.h"
#include "environment_text.h"
#include "process/complain.h"
#include "process/front.h"
#include "process/job.h"
#include "process/library_path.h"
#include "process/privileges.h"
#include "process/program.h"
#include "program/entry.h"

namespace launcher {
namespace {

using process::Complain;
using program::Entry;

// Both halves of the pair must be unlike what a stale register holds: never 0, never all ones.
uint64_t NewCookie() {
  uint64_t cookie = 0;
  while (cookie == 0 || ~cookie == 0) {
    if (getrandom(&cookie, sizeof cookie, 0) != static_cast<ssize_t>(sizeof cookie)) {
      cookie = static_cast<uint64_t>(getpid()) * 0x9e3779b97f4a7c15u | 1;
    }
  }
  return cookie;
}

// Empty where COMMAND names none.
std::string FileOf(const process::Job& job) {
  return job.file.empty() ? process::FindProgram(job.command[0]) : job.file;
}

// As a line calls COMMAND. The library may have had to name its file by a descriptor.
const std::string& NameOf(const process::Job& job) {
  const bool is_path = !job.file.empty() && !job.file.starts_with("/proc/self/fd/") &&
                       !job.file.starts_with("/dev/fd/");
  return is_path ? job.file : job.command[0];
}

Entry EntryOf(const process::Job& job) {
  const std::string file = FileOf(job);
  if (file.empty()) {
    return Entry::kNone;
  }
  const Entry entry = program::Judge(AT_FDCWD, file.c_str()).entry;
  // execvp(3) gives what is no program to the shell.
  return entry == Entry::kNone ? program::Judge(AT_FDCWD, "/bin/sh").entry : entry;
}

config::Setuid WithRights(const process::Job& job, bool supervised) {
  const auto config = config::Config::FromImage(job.config_image);
  return config.ok() ? config::WithRights(config->globals(), supervised) : config::Setuid::kRefuse;
}

// Whether COMMAND, of which `entry` is known, may be started with the library alone. False: a line
// says why not, with `before` and `after` around it.
bool MayHaveLibraryAlone(const Options& options, const process::Job& job, Entry entry,
                         std::string_view before, std::string_view after) {
  // Where there is no such program, exec says so better.
  if (entry == Entry::kOpen || entry == Entry::kNone) {
    return true;
  }
  const std::string what = fmt::format("{}{} {}: ", before, NameOf(job), program::Describe(entry));
  constexpr std::string_view kNotStarted = "not started, since the library can't route it";
  if (entry != Entry::kSetuid) {
    Complain(fmt::format("{}{}{}", what, kNotStarted, after));
    return false;
  }
  switch (WithRights(job, false)) {
    case config::Setuid::kAllow:
      return true;
    case config::Setuid::kWarn:
      if (options.log_level >= engine::LogLevel::kWarn) {
        Complain(what + "the library is dropped there, and what it connects to goes straight out");
      }
      return true;
    case config::Setuid::kRefuse:
    case config::Setuid::kByDoor:
      break;
  }
  Complain(fmt::format("{}{}; setuid = warn in [gochain] has it started", what, kNotStarted));
  return false;
}

// Below the supervisor of an ordinary user programs don't get rights that they bring. False: a line
// says that COMMAND isn't started.
bool MayLackRights(const Options& options, const process::Job& job) {
  if (process::HasAdminCapability() || !program::BringsRights(FileOf(job).c_str())) {
    return true;
  }
  const std::string what = fmt::format(
      "{} brings rights of its own (setuid, setgid or file capabilities), which no program gets "
      "below an ordinary user's supervisor (no_new_privs): ",
      NameOf(job));
  const config::Setuid word = WithRights(job, true);
  if (word == config::Setuid::kRefuse) {
    Complain(what + "not started");
    return false;
  }
  if (word == config::Setuid::kWarn && options.log_level >= engine::LogLevel::kWarn) {
    Complain(what + "it runs without them");
  }
  return true;
}

// In this process's place. Returns where that fails.
int Become(const process::Job& job, char** arguments) {
  const long result = sys::Call(SYS_execve, reinterpret_cast<long>(job.file.c_str()),
                                reinterpret_cast<long>(arguments), reinterpret_cast<long>(environ));
  Complain(fmt::format("{}: {}", NameOf(job), std::strerror(static_cast<int>(-result))));
  return process::kNotExecutable;
}

// The run's processes find each other, and see into programs, by /proc. One of another PID
// namespace numbers them otherwise.
bool HasProc() {
  char number[16] = {};
  return readlink("/proc/self", number, sizeof number - 1) > 0 && std::atoi(number) == getpid();
}

process::Job MakeJob(const Options& options, config::Built built, base::Fd tables,
                     bool lends_relay) {
  process::Job job;
  job.file = options.child_file;
  job.cache_folder =
      config::CacheFolder([](const char* name) -> const char* { return std::getenv(name); });
  for (char** argument = options.command; *argument != nullptr; ++argument) {
    job.command.emplace_back(*argument);
  }
  job.settings = SettingsOf(options);
  job.config_image = std::move(built.image);
  job.lists = std::move(built.lists);
  job.tables = std::move(tables);
  job.lends_relay = lends_relay;
  job.env = std::move(built.env);
  job.password_variables = std::move(built.password_variables);
  job.keep_proxy_env = options.keep_proxy_env;
  if (job.supervises()) {
    job.settings.cookie = NewCookie();
  }
  return job;
}

// There can be no supervisor: `missing` says why.
int RunUnsupervised(const Options& options, process::Job job, const std::string& missing) {
  if (!job.preloads()) {
    return Complain(fmt::format(
        "cannot supervise: {}; --mode=auto goes on with the library alone, for dynamically linked "
        "programs; --mode=env works for those that obey HTTP_PROXY",
        missing));
  }
  const Entry entry = EntryOf(job);
  if (!MayHaveLibraryAlone(options, job, entry, fmt::format("cannot supervise: {}; ", missing),
                           "")) {
    return process::kOwnFailure;
  }
  // Whoever has the library start this has been told already.
  if (job.file.empty() && entry == Entry::kOpen && options.log_level >= engine::LogLevel::kWarn) {
    Complain(fmt::format(
        "cannot supervise: {}; going on with the library alone: dynamically linked programs are "
        "routed, and what it can't enter (static, Go) is not started",
        missing));
  }
  job.settings.mode = engine::Mode::kPreload;
  job.settings.cookie = 0;
  std::string none;
  return process::RunJob(job, &none);
}

}  // namespace

int Run(const Options& options, config::Built built, base::Fd tables, bool lends_relay) {
  process::Job job = MakeJob(options, std::move(built), std::move(tables), lends_relay);
  if (!job.listens() && !HasProc()) {
    return Complain(
        "/proc isn't mounted here, or is that of another PID namespace, and gochain can't do "
        "without; "
        "--mode=env can");
  }
  if (job.preloads()) {
    std::string error;
    job.library = process::FindLibrary(&error);
    if (job.library.empty()) {
      return Complain(error);
    }
  }
  // The library has others started by it: this one is only to be asked about.
  if (!job.file.empty() && EntryOf(job) == Entry::kSetuid) {
    return MayHaveLibraryAlone(options, job, Entry::kSetuid, "", "") ? Become(job, options.command)
                                                                     : process::kOwnFailure;
  }
  const char* const supervised = std::getenv("GOCHAIN_SUPERVISED");
  if (options.mode == engine::Mode::kPreload &&
      !MayHaveLibraryAlone(options, job, EntryOf(job), "",
                           supervised == nullptr ? "; --mode=auto can" : "")) {
    return process::kOwnFailure;
  }
  if (job.supervises() && !MayLackRights(options, job)) {
    return process::kOwnFailure;
  }
  if (job.keep_proxy_env && job.file.empty() && options.log_level >= engine::LogLevel::kWarn) {
    Complain(kKeptProxyVariables);
  }
  std::string missing;
  const int status = process::RunJob(job, &missing);
  return missing.empty() ? status : RunUnsupervised(options, std::move(job), missing);
}

}  // namespace launcher
