#include "process/command.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/descriptor_room.h"
#include "base/fd_message.h"
#include "base/syscalls.h"
#include "process/privileges.h"
#include "program/path_search.h"
#include "supervisor/filter.h"

namespace process {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& string : strings) {
    out.push_back(const_cast<char*>(string.c_str()));
  }
  out.push_back(nullptr);
  return out;
}

[[noreturn]] void GiveUp(const Job& job, int keeper, Handover::Kind kind, int error) {
  base::SendMessage(keeper, Handover{kind, error}, -1, job.settings.cookie);
  _exit(kOwnFailure);
}

// Installs the filter and hands its listener to S. From here on the calls that the filter traps
// wait for S, so nothing but allowed ones is made until exec: sendmsg with the cookie, read, close.
void Supervise(const Job& job, int keeper) {
  Go go;
  if (read(keeper, &go, sizeof go) != static_cast<ssize_t>(sizeof go)) {
    _exit(kOwnFailure);
  }
  const auto filter =
      supervisor::BuildFilter({job.settings.cookie, go.trap_sockets, go.block_connectx});
  if (!filter.ok()) {
    GiveUp(job, keeper, Handover::Kind::kInstallFailed, filter.error().code);
  }
  if (!HasAdminCapability()) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  }
  auto listener = supervisor::InstallFilter(filter.value());
  if (!listener.ok()) {
    GiveUp(job, keeper, Handover::Kind::kInstallFailed, listener.error().code);
  }
  if (!base::SendMessage(keeper, Handover{Handover::Kind::kListener, 0}, listener->get(),
                         job.settings.cookie)) {
    _exit(kOwnFailure);
  }
  // S must be the only holder: were C one too, calls would hang when S dies, not fail.
  listener->Reset();
}

// By system calls: where gochain itself runs with the library preloaded, libc's functions are its
// hooks, which would start a second gochain for a static COMMAND. Returns -errno.
int Execute(const Job& job, const std::vector<char*>& arguments,
            const std::vector<char*>& variables) {
  const auto execute = [&](const char* file, const std::vector<char*>& argv) {
    return static_cast<int>(sys::Call(SYS_execve, reinterpret_cast<long>(file),
                                      reinterpret_cast<long>(argv.data()),
                                      reinterpret_cast<long>(variables.data())));
  };
  if (!job.file.empty()) {
    return execute(job.file.c_str(), arguments);
  }
  return program::ExecuteByName(
      arguments[0], std::getenv("PATH"), [&](const char* file) { return execute(file, arguments); },
      [&](const char* file) {
        constexpr const char* kShell = "/bin/sh";
        std::vector<char*> of_shell = {const_cast<char*>(kShell), const_cast<char*>(file)};
        of_shell.insert(of_shell.end(), arguments.begin() + 1, arguments.end());
        return execute(kShell, of_shell);
      });
}

}  // namespace

void BecomeCommand(const Job& job, base::Fd keeper, pid_t group, const sigset_t& original_mask,
                   const std::vector<std::string>& environment) {
  if (group > 0) {
    setpgid(0, group);
  }
  const std::vector<char*> arguments = Pointers(job.command);
  const std::vector<char*> variables = Pointers(environment);
  base::MakeRoomForDescriptors(keeper.get());
  if (job.supervises()) {
    Supervise(job, keeper.get());
  }
  sigprocmask(SIG_SETMASK, &original_mask, nullptr);
  GiveUp(job, keeper.get(), Handover::Kind::kExecFailed, -Execute(job, arguments, variables));
}

}  // namespace process
