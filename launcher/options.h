// Options: gochain's command line and its environment variables, as one value.
//
// Runs at the start of the launcher, one thread. Reads nothing but its arguments and the
// environment: files are the config builder's.
#ifndef GOCHAIN_LAUNCHER_OPTIONS_H_
#define GOCHAIN_LAUNCHER_OPTIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "config/builder.h"
#include "engine/settings.h"
#include "injection/syntax.h"

namespace launcher {

enum class Action {
  kRun,
  kLibraryRelay,
  kLibraryBroker,
  kExplain,
  kImport,
  kEnv,
  kListen,
  kVersion,
  kHelp
};

struct Options {
  Action action = Action::kRun;
  std::string config;                // -f, as typed; empty: not given
  std::vector<std::string> proxies;  // -p
  engine::Mode mode = engine::Mode::kAuto;
  engine::LogLevel log_level = engine::LogLevel::kWarn;
  engine::LogFormat log_format = engine::LogFormat::kText;
  std::string log_file;  // absolute; empty: standard error
  bool keep_proxy_env = false;
  std::vector<std::string> targets;  // kExplain; none: the file itself is looked at
  std::string import_file;           // kImport
  injection::Syntax syntax = injection::Syntax::kSh;  // kEnv
  base::Endpoint listen;                              // kListen: an address
  // --library-child: the library started gochain in the place of this file. Not for people.
  std::string child_file;
  int child_closes = -1;     // --library-child-closes: a descriptor that COMMAND doesn't get
  int starter = 0;           // kLibraryRelay: with whom it ends; kLibraryBroker: its first user
  char** command = nullptr;  // kRun: a part of argv, with its final null
};

// False, with one line in `error` (without "gochain: " and '\n'), where the command line or a
// GOCHAIN_* variable is wrong. Options win over variables. Overwrites the credentials of URLs in
// `argv`. Not reentrant: getopt_long(3).
bool ParseOptions(int argc, char** argv, Options* out, std::string* error);
bool ParseOptions(int argc, char** argv, config::GetenvFn getenv_fn, Options* out,
                  std::string* error);

// What of them a run or a library is told. REQUIRES: NormalizeLogFile() has seen the log file.
engine::Settings SettingsOf(const Options& options);

std::string HelpText();
std::string VersionText();

// `path` from the root, for programs that change their folder; as it is where the current folder
// is unknown.
std::string AbsolutePath(std::string_view path);

// Makes `path` absolute, and complains where nothing can be written there.
bool NormalizeLogFile(std::string* path, std::string* error);

}  // namespace launcher

#endif  // GOCHAIN_LAUNCHER_OPTIONS_H_
