// gochain: reads its command line and rules, then explains them or runs COMMAND under them.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/syscalls.h"
#include "config/builder.h"
#include "config/config.h"
#include "engine/list_maps.h"
#include "engine/session.h"
#include "environment_text.h"
#include "explain/explain.h"
#include "explain/lint.h"
#include "options.h"
#include "process/broker_process.h"
#include "process/environment.h"
#include "process/front.h"
#include "process/job.h"
#include "process/library_path.h"
#include "process/listening.h"
#include "process/program.h"
#include "process/relay_process.h"
#include "program/entry.h"
#include "proxychains/import.h"
#include "relay/ssh_door.h"

namespace {

using process::kOwnFailure;

int Complain(std::string_view message) {
  // Standard error may be closed, which fmt::print would throw about.
  std::fputs(fmt::format("gochain: {}\n", message).c_str(), stderr);
  return kOwnFailure;
}

// The exit status, once all is on standard output.
int FlushOutput() {
  return std::fflush(stdout) == 0 ? 0 : Complain("cannot write to standard output");
}

const char* Variable(const char* name) { return std::getenv(name); }

// Where gochain was started in a job that preloads the library, its own lookups and exec would go
// through the hooks. So it starts itself again without; COMMAND gets the library back.
void LeaveLibrary(char** argv) {
  const char* const preload = Variable("LD_PRELOAD");
  char self[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
  if (preload == nullptr || std::strstr(preload, "/libgochain.so") == nullptr || size <= 0) {
    return;
  }
  self[size] = '\0';
  std::string others = process::OtherPreloads(preload);
  others.erase(0, others.empty() ? 0 : 1);
  if (others == preload) {
    return;
  }
  setenv("LD_PRELOAD", others.c_str(), 1);
  sys::Call(SYS_execve, reinterpret_cast<long>(self), reinterpret_cast<long>(argv),
            reinterpret_cast<long>(environ));
}

// A standard descriptor that is closed would become one of ours. COMMAND gets it closed again.
void FillStandardDescriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) {
      open("/dev/null", O_RDWR | O_CLOEXEC);
    }
  }
}

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

int Explain(const launcher::Options& options, const config::Built& built) {
  auto config = config::Config::FromImage(built.image);
  const auto lists = engine::MapLists(built.lists);
  if (!config.ok() || !lists.ok()) {
    return Complain("internal: bad config image");
  }
  config->SetLists(lists.value());
  std::string text;
  std::string error;
  if (options.targets.empty()) {
    std::vector<config::Diagnostic> warnings = built.warnings;
    warnings.insert(warnings.end(), built.notes.begin(), built.notes.end());
    text = explain::Lint(config.value(), std::move(warnings), options.log_format);
  } else if (!explain::Explain(config.value(), built.go_private_paths, options.targets,
                               options.log_format, &text, &error)) {
    return Complain(error);
  }
  std::fputs(text.c_str(), stdout);
  return FlushOutput();
}

int PrintEnvironment(const launcher::Options& options, config::Inputs inputs,
                     const config::Built& built) {
  std::string text;
  std::vector<std::string> remarks;
  const bool made = launcher::EnvironmentText(options, std::move(inputs), built, &text, &remarks);
  for (const std::string& remark : remarks) {
    Complain(remark);
  }
  if (!made) {
    return kOwnFailure;
  }
  std::fputs(text.c_str(), stdout);
  return FlushOutput();
}

// No rules file is anywhere near it; a device or the wrong file is.
constexpr size_t kLargestImport = size_t{1} << 20;

int Import(const launcher::Options& options) {
  const std::string& file = options.import_file;
  std::string text;
  if (const int error = base::ReadFile(file, kLargestImport, &text); error != 0) {
    return Complain(fmt::format("cannot read {}: {}", file, strerror(error)));
  }
  const proxychains::Imported imported = proxychains::Import(file, text);
  if (options.log_level >= engine::LogLevel::kWarn) {
    for (const std::string& warning : imported.warnings) {
      Complain(warning);
    }
  }
  if (imported.rules.empty()) {
    return Complain(fmt::format("{}: no proxy in it", file));
  }
  std::fputs(imported.rules.c_str(), stdout);
  return FlushOutput();
}

program::Entry EntryOf(const std::string& command) {
  const std::string file = process::FindProgram(command);
  if (file.empty()) {
    return program::Entry::kNone;
  }
  const program::Entry entry = program::Judge(AT_FDCWD, file.c_str()).entry;
  // execvp(3) gives what is no program to the shell.
  return entry == program::Entry::kNone ? program::Judge(AT_FDCWD, "/bin/sh").entry : entry;
}

// The library started this in the place of a program that it can't get into. Under --mode=preload
// the rules and settings are those of that run, and so is all that its processes find out; without
// a launcher they come from the environment, as for the library itself.
bool TakeState(const char* state, launcher::Options* options, config::Built* built,
               base::Fd* tables) {
  const auto session = engine::Session::Open(state);
  if (!session.ok()) {
    return false;
  }
  for (const engine::ListRecord& list : session->lists()) {
    const int opened = engine::OpenList(state, list);
    if (opened < 0) {
      return false;
    }
    built->lists.push_back({.fd = base::Fd(opened), .size = list.size});
  }
  const engine::Settings& settings = session->settings();
  options->log_level = settings.log_level;
  options->log_format = settings.log_format;
  options->log_file = settings.log_file_view();
  built->image.assign(session->config_image().begin(), session->config_image().end());
  tables->Reset(engine::Session::OpenTables(state));
  return tables->valid();
}

// No COMMAND's: nothing is caught, and each client says what it wants.
int Listen(const launcher::Options& options, config::Built built) {
  process::Job job;
  job.cache_folder = config::CacheFolder(Variable);
  job.settings = launcher::SettingsOf(options);
  job.config_image = std::move(built.image);
  job.lists = std::move(built.lists);
  return process::RunListening(job, options.listen);
}

// `tables`: those of the run that this one is a part of; -1: it is one of its own.
int Run(const launcher::Options& options, config::Built built, base::Fd tables, bool lends_relay) {
  process::Job job;
  job.file = options.child_file;
  job.cache_folder = config::CacheFolder(Variable);
  for (char** argument = options.command; *argument != nullptr; ++argument) {
    job.command.emplace_back(*argument);
  }
  job.settings = launcher::SettingsOf(options);
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
  if (job.preloads()) {
    std::string error;
    job.library = process::FindLibrary(&error);
    if (job.library.empty()) {
      return Complain(error);
    }
  }
  if (options.mode == engine::Mode::kPreload) {
    const program::Entry entry = EntryOf(job.command[0]);
    // Where there is no such program, exec says so better.
    if (entry != program::Entry::kOpen && entry != program::Entry::kNone) {
      return Complain(fmt::format(
          "{} {}: the library can't route it, and it would go straight out; use --mode=auto",
          job.command[0], program::Describe(entry)));
    }
  }
  if (job.keep_proxy_env && job.file.empty() && options.log_level >= engine::LogLevel::kWarn) {
    Complain(launcher::kKeptProxyVariables);
  }
  return process::RunJob(job);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "--library-relay-connect") {
    return relay::RunDoorCommand(argv[2], argv[3], argv[4]);
  }
  LeaveLibrary(argv);
  FillStandardDescriptors();
  launcher::Options options;
  std::string error;
  if (!launcher::ParseOptions(argc, argv, &options, &error)) {
    return Complain(error);
  }
  if (options.action == launcher::Action::kHelp || options.action == launcher::Action::kVersion) {
    const bool help = options.action == launcher::Action::kHelp;
    std::fputs((help ? launcher::HelpText() : launcher::VersionText()).c_str(), stdout);
    return FlushOutput();
  }
  if (options.action == launcher::Action::kLibraryRelay) {
    return process::RunLibraryRelay(options.starter);
  }
  if (options.action == launcher::Action::kLibraryBroker) {
    return process::RunLibraryBroker(options.starter);
  }
  if (options.action == launcher::Action::kImport) {
    return Import(options);
  }
  if (options.child_closes >= 0) {
    fcntl(options.child_closes, F_SETFD, FD_CLOEXEC);
  }
  if (const char* const state = Variable("GOCHAIN_STATE");
      state != nullptr && !options.child_file.empty()) {
    config::Built built;
    base::Fd tables;
    return TakeState(state, &options, &built, &tables)
               ? Run(options, std::move(built), std::move(tables), true)
               : Complain(fmt::format("{} is not started: the rules of this run can't be read",
                                      options.command[0]));
  }
  config::Inputs inputs;
  if (!config::FindInputs(options.config, options.proxies, Variable, &inputs)) {
    return Complain("no proxy: give -p URL or a rules file");
  }
  config::Built built = config::Build(inputs);
  for (const config::Diagnostic& diagnostic : built.diagnostics) {
    Complain(diagnostic.Text());
  }
  if (!built.diagnostics.empty()) {
    return kOwnFailure;
  }
  // What looks a file over has them among its own.
  const bool lint = options.action == launcher::Action::kExplain && options.targets.empty();
  if (!lint && options.log_level >= engine::LogLevel::kWarn) {
    for (const config::Diagnostic& warning : built.warnings) {
      Complain(warning.Text());
    }
  }
  if (options.action == launcher::Action::kExplain) {
    return Explain(options, built);
  }
  if (options.action == launcher::Action::kEnv) {
    return PrintEnvironment(options, std::move(inputs), built);
  }
  if (options.action == launcher::Action::kListen) {
    return Listen(options, std::move(built));
  }
  base::Fd tables;
  if (!options.child_file.empty()) {
    // Its environment is what the program made of it.
    built.env.clear();
    built.password_variables.clear();
    tables = process::FindOrStartBroker(built.image);
  }
  return Run(options, std::move(built), std::move(tables), false);
}
