// gochain: reads its command line and rules, then explains them or runs COMMAND under them.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/file.h"
#include "config/builder.h"
#include "config/config.h"
#include "engine/list_maps.h"
#include "explain/explain.h"
#include "explain/lint.h"
#include "options.h"
#include "process/front.h"
#include "process/job.h"
#include "process/library_path.h"
#include "process/program.h"
#include "program/entry.h"
#include "proxychains/import.h"

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

// A standard descriptor that is closed would become one of ours. COMMAND gets it closed again.
void FillStandardDescriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) {
      open("/dev/null", O_RDWR | O_CLOEXEC);
    }
  }
}

const char* Variable(const char* name) { return std::getenv(name); }

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

int Run(const launcher::Options& options, config::Built built) {
  process::Job job;
  for (char** argument = options.command; *argument != nullptr; ++argument) {
    job.command.emplace_back(*argument);
  }
  job.settings.mode = options.mode;
  job.settings.log_level = options.log_level;
  job.settings.log_format = options.log_format;
  if (options.log_file.size() >= job.settings.log_file.size()) {
    return Complain("the log file's path is too long");
  }
  std::memcpy(job.settings.log_file.data(), options.log_file.data(), options.log_file.size());
  job.config_image = std::move(built.image);
  job.lists = std::move(built.lists);
  job.env = std::move(built.env);
  job.password_variables = std::move(built.password_variables);
  job.keep_proxy_env = options.keep_proxy_env;
  if (job.supervises()) {
    job.settings.cookie = NewCookie();
  }
  if (options.mode != engine::Mode::kSupervise) {
    job.library = process::FindLibrary();
    if (job.library.empty()) {
      return Complain(
          "libgochain.so is neither beside gochain nor in ../lib/gochain; --mode=supervise works "
          "without it");
    }
    if (job.library.find_first_of(": ") != std::string::npos) {
      return Complain(fmt::format(
          "'{}' can't be preloaded: ld.so splits LD_PRELOAD at blanks and colons; install gochain "
          "elsewhere, or use --mode=supervise",
          job.library));
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
  if (job.keep_proxy_env && options.log_level >= engine::LogLevel::kWarn) {
    Complain(
        "warning: the proxy variables are kept: programs that read them dial that proxy "
        "themselves, and the rules see only the proxy");
  }
  return process::RunJob(job);
}

}  // namespace

int main(int argc, char** argv) {
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
  if (options.action == launcher::Action::kImport) {
    return Import(options);
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
  return Run(options, std::move(built));
}
