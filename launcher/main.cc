// gochain: reads its command line and rules, then explains them or runs COMMAND under them.
#include <fcntl.h>
#include <fmt/format.h>
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
#include "process/complain.h"
#include "process/job.h"
#include "process/listening.h"
#include "process/relay_process.h"
#include "program/preloads.h"
#include "proxychains/import.h"
#include "relay/ssh_door.h"
#include "run.h"

namespace {

using process::Complain;
using process::kOwnFailure;

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
  const std::string others = program::OtherPreloads(preload);
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
               ? launcher::Run(options, std::move(built), std::move(tables), true)
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
  return launcher::Run(options, std::move(built), std::move(tables), false);
}
