#include "process/descendants.h"

#include <dirent.h>
#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace process {
namespace {

struct Process {
  pid_t pid;
  pid_t parent;
  pid_t group;
};

bool ReadStat(pid_t pid, Process* out) {
  FILE* const file = std::fopen(fmt::format("/proc/{}/stat", pid).c_str(), "re");
  if (file == nullptr) {
    return false;
  }
  char line[512];
  const bool got = std::fgets(line, sizeof line, file) != nullptr;
  std::fclose(file);
  // proc(5): "pid (comm) state ppid pgrp …"; comm may hold blanks and brackets.
  const char* const end = got ? std::strrchr(line, ')') : nullptr;
  char state;
  out->pid = pid;
  return end != nullptr &&
         std::sscanf(end + 1, " %c %d %d", &state, &out->parent, &out->group) == 3;
}

std::vector<Process> AllProcesses() {
  std::vector<Process> out;
  DIR* const directory = opendir("/proc");
  if (directory == nullptr) {
    return out;
  }
  while (const dirent* const entry = readdir(directory)) {
    Process process;
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
        ReadStat(std::atoi(entry->d_name), &process)) {
      out.push_back(process);
    }
  }
  closedir(directory);
  return out;
}

}  // namespace

void KillDescendantsInGroup(pid_t root, pid_t group) {
  const std::vector<Process> all = AllProcesses();
  std::vector<pid_t> parents{root};
  for (size_t i = 0; i < parents.size(); ++i) {
    for (const Process& process : all) {
      if (process.parent == parents[i] && process.pid != root) {
        parents.push_back(process.pid);
        if (process.group == group) {
          kill(process.pid, SIGKILL);
        }
      }
    }
  }
}

}  // namespace process
