#include "process/inherited.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace process {

std::vector<int> InheritedDescriptors(const std::vector<int>& own) {
  std::vector<int> out;
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) {
    return out;
  }
  while (const dirent* const entry = readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd > 2 && fd != dirfd(directory) &&
        std::find(own.begin(), own.end(), fd) == own.end()) {
      out.push_back(fd);
    }
  }
  closedir(directory);
  return out;
}

void PointAtNull(int fd) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) {
    dup2(null, fd);
    close(null);
  } else {
    close(fd);
  }
}

void LetGo(const std::vector<int>& inherited) {
  for (const int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2}) {
    ::signal(signal, SIG_IGN);
  }
  ::signal(SIGCHLD, SIG_DFL);
  for (const int fd : inherited) {
    close(fd);
  }
  PointAtNull(0);
  PointAtNull(1);
  if (chdir("/") != 0) {
    // The old one stays: it only keeps a file system busy.
  }
}

}  // namespace process
