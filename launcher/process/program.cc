#include "process/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "program/path_search.h"

namespace process {

std::string FindProgram(const std::string& command) {
  if (command.find('/') != std::string::npos) {
    return command;
  }
  program::PathSearch search(command.c_str(), std::getenv("PATH"));
  while (const char* const file = search.Next()) {
    struct stat status;
    if (access(file, X_OK) == 0 && stat(file, &status) == 0 && S_ISREG(status.st_mode)) {
      return file;
    }
  }
  return {};
}

}  // namespace process
