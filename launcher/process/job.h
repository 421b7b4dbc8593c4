// Job: what to run, and how; made by main, read by the processes that run it.
//
//   A  `gochain` as the shell sees it: passes signals on, ends as COMMAND ends (front.h)
//   S  the supervisor: ancestor and subreaper of the tree, holds the shared state and the listener,
//      lives until the last process of the tree is gone (keeper.h)
//   C  COMMAND, in A's process group (command.h)
//   R  the relay, only where the rules have a hop that needs it (relay_process.h)
//
// A run for one program, started by the library in that program's place, is a part of the run
// around it: it has the same rules and tables.
#ifndef GOCHAIN_PROCESS_JOB_H_
#define GOCHAIN_PROCESS_JOB_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "config/env_change.h"
#include "config/list_cache.h"
#include "engine/session.h"
#include "engine/settings.h"

namespace process {

// gochain's own exit statuses, as env(1), nohup(1) and timeout(1) have them.
inline constexpr int kOwnFailure = 125;
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

struct Job {
  std::vector<std::string> command;  // COMMAND and its arguments; empty only where none is run
  // The file to execute, its name in `command` being whatever the program wants; empty: it is
  // searched for by that name.
  std::string file;
  engine::Settings settings;
  std::vector<uint8_t> config_image;
  std::vector<config::ListImage> lists;  // that it names
  std::string cache_folder;              // what is learned is kept there; empty: nowhere
  // A region with the same rules, of which the run borrows the tables; none: its own are new.
  base::Fd tables;
  bool lends_relay = false;  // and the relay, if the rules need one
  std::string library;       // path of libgochain.so; empty: not preloaded
  bool keep_proxy_env = false;
  std::vector<config::EnvChange> env;           // of the rules file
  std::vector<std::string> password_variables;  // not for COMMAND

  engine::Lender lender() const { return {.fd = tables.get(), .lends_relay = lends_relay}; }
  bool supervises() const {
    return settings.mode == engine::Mode::kAuto || settings.mode == engine::Mode::kSupervise;
  }
  bool preloads() const {
    return settings.mode == engine::Mode::kAuto || settings.mode == engine::Mode::kPreload;
  }
  // Nothing is caught: COMMAND is told of a proxy.
  bool listens() const { return settings.mode == engine::Mode::kEnv; }
};

// What S tells A over a pipe. Plain: one write, one read.
struct Report {
  enum class Kind : uint8_t {
    kStarted,       // value: COMMAND's pid
    kExecFailed,    // value: errno
    kSetupFailed,   // text: why COMMAND could not be started
    kUnsupervised,  // text: why there can be no supervisor; nothing has been started
    kStopped,       // value: the signal
    kEnded,         // value: wait status; last: nothing of the tree is left, and S ends too
  };
  Kind kind = Kind::kStarted;
  int32_t value = 0;
  bool last = false;
  char text[256] = {};
};

}  // namespace process

#endif  // GOCHAIN_PROCESS_JOB_H_
