// SshProcess: one child process, which does not outlive the thread that started it.
#ifndef GOCHAIN_RELAY_SSH_PROCESS_H_
#define GOCHAIN_RELAY_SSH_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"

namespace relay {

class SshProcess {
 public:
  SshProcess() = default;
  ~SshProcess() { Stop(); }
  SshProcess(const SshProcess&) = delete;
  SshProcess& operator=(const SshProcess&) = delete;

  // Starts `program`, found in PATH, in a session of its own, with nothing to read, its output
  // dropped and its standard error in `log`. When this thread ends, killed or not, so does the
  // child (SIGTERM). 0, or the errno for which it can't be started.
  int Start(const std::string& program, const std::vector<std::string>& arguments,
            const std::vector<std::string>& environment, base::Fd log);

  // A pidfd: readable once it has ended. -1 where there is none.
  int fd() const { return watch_.get(); }
  pid_t pid() const { return pid_; }

  // Ends it, asked first and then killed, and collects it.
  void Stop();

 private:
  bool WaitForEnd(int timeout_ms) const;

  pid_t pid_ = -1;
  base::Fd watch_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_PROCESS_H_
