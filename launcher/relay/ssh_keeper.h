// SshKeeper: the thread's side of a ssh master: starts the process, waits until it can be used,
// opens the door to the hops before it, and collects it.
#ifndef GOCHAIN_RELAY_SSH_KEEPER_H_
#define GOCHAIN_RELAY_SSH_KEEPER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/endpoint.h"
#include "base/fd.h"
#include "relay/control_folder.h"
#include "relay/hop_services.h"
#include "relay/patience.h"
#include "relay/ssh_command.h"
#include "relay/ssh_door.h"
#include "relay/ssh_log.h"
#include "relay/ssh_process.h"

namespace relay {

struct SshSettings {
  // Makes a connection to the ssh host through the hops before it. Invalid: failed.
  using DialBefore = std::function<base::Fd(const base::Endpoint& host, const Patience& patience,
                                            HopFailure* failed)>;

  SshTarget target;
  std::string program = "ssh";
  uint8_t hop = 0;         // its index in its path, for its failures
  int64_t timeout_ms = 0;  // to be up in, counted from where it is connected
  DialBefore dial_before;  // none: ssh connects itself
};

class SshKeeper {
 public:
  // `stop`: readable where all is to end. All outlive the keeper.
  SshKeeper(const SshSettings& settings, int stop, SshLog* log, ControlFolder* folder)
      : settings_(settings), stop_(stop), patience_(stop), log_(*log), folder_(*folder) {}

  // Starts the master. True: it is up, and `folder` has its socket.
  bool Begin(HopFailure* failed);
  // Waits until it has ended, or is to. REQUIRES: Begin() was true.
  void Keep();

 private:
  base::Failure Launch();
  // Waits for one of the things that may happen before the master is up. False: it won't be.
  bool WaitForNews(HopFailure* failed);
  void AnswerDoor();

  const SshSettings& settings_;
  const int stop_;
  const Patience patience_;  // the same, for dials
  SshLog& log_;
  ControlFolder& folder_;
  base::Fd news_;  // inotify on the folder
  SshDoor door_;
  int64_t deadline_ms_ = 0;
  HopFailure before_;  // why the hops before it could not be passed
  SshProcess process_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_KEEPER_H_
