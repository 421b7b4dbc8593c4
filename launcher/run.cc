#include "run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "environment_text.h"
#include "process/complain.h"
#include "process/front.h"
#include "process/job.h"
#include "process/library_path.h"
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

Entry EntryOf(const process::Job& job) {
  const std::string file = job.file.empty() ? process::FindProgram(job.command[0]) : job.file;
  if (file.empty()) {
    return Entry::kNone;
  }
  const Entry entry = program::Judge(AT_FDCWD, file.c_str()).entry;
  // execvp(3) gives what is no program to the shell.
  return entry == Entry::kNone ? program::Judge(AT_FDCWD, "/bin/sh").entry : entry;
}

// Where there is no such program, exec says so better.
bool IsForLibrary(Entry entry) { return entry == Entry::kOpen || entry == Entry::kNone; }

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

// There can be no supervisor, since there is no `missing`.
int RunUnsupervised(const Options& options, process::Job job, const std::string& missing) {
  if (!job.preloads()) {
    return Complain(fmt::format(
        "cannot supervise: {}; --mode=auto goes on with the library alone, for dynamically linked "
        "programs; --mode=env works for those that obey HTTP_PROXY",
        missing));
  }
  const Entry entry = EntryOf(job);
  if (!IsForLibrary(entry)) {
    return Complain(
        fmt::format("cannot supervise: {}; {} {}: not started, since it would go past these rules",
                    missing, job.command[0], program::Describe(entry)));
  }
  // Whoever has the library start this has been told already.
  if (job.file.empty() && entry != Entry::kNone && options.log_level >= engine::LogLevel::kWarn) {
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
  if (job.preloads()) {
    std::string error;
    job.library = process::FindLibrary(&error);
    if (job.library.empty()) {
      return Complain(error);
    }
  }
  if (options.mode == engine::Mode::kPreload) {
    if (const Entry entry = EntryOf(job); !IsForLibrary(entry)) {
      return Complain(fmt::format(
          "{} {}: the library can't route it, and it would go straight out; use --mode=auto",
          job.command[0], program::Describe(entry)));
    }
  }
  if (job.keep_proxy_env && job.file.empty() && options.log_level >= engine::LogLevel::kWarn) {
    Complain(kKeptProxyVariables);
  }
  std::string missing;
  const int status = process::RunJob(job, &missing);
  return missing.empty() ? status : RunUnsupervised(options, std::move(job), missing);
}

}  // namespace launcher
