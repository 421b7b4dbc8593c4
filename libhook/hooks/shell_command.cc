// system and popen: libc starts /bin/sh by itself, past the hooks of exec. The shell has the
// library like any other program, and follows its own children, unless this process has cleaned its
// environment or the shell is one that the library can't enter. Then the shell's first and only
// deed is to start another as it should be: "NAME='value' … exec /bin/sh -c 'COMMAND'".
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "hooks/exec_environment.h"
#include "hooks/libc_search.h"
#include "hooks/next.h"
#include "hooks/remembered.h"
#include "hooks/start.h"
#include "program/entry.h"

namespace hooks {
namespace {

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('\'');
  for (const char c : text) {
    if (c == '\'') {
      out->append("'\\''");
    } else {
      out->push_back(c);
    }
  }
  out->push_back('\'');
}

// Calls `run` with the command that has to be given to the shell in the place of `command`; -errno
// where nothing may be started.
template <typename Run>
int WithCommand(const char* command, Run run) {
  const char* const arguments[] = {kShell, "-c", command, nullptr};
  Start start({.path = kShell}, const_cast<char* const*>(arguments), environ);
  if (!start.changes()) {
    return run(command);
  }
  return WithRoom(start.room(), [&](char* room) {
    const int refused = start.Prepare(room);
    if (refused != 0) {
      return -refused;
    }
    std::string line;
    start.environment().ForEachChange([&](std::string_view variable) {
      const size_t value = variable.find('=') + 1;
      line.append(variable.substr(0, value));
      AppendQuoted(variable.substr(value), &line);
      line.push_back(' ');
    });
    line.append("exec ");
    AppendQuoted(start.path(), &line);
    for (size_t i = 1; start.argv()[i] != nullptr; ++i) {
      line.push_back(' ');
      AppendQuoted(start.argv()[i], &line);
    }
    return run(line.c_str());
  });
}

}  // namespace

namespace exported {

int system(const char* command) {
  if (command == nullptr || !Remembered::Get().follows_exec()) {
    return real::system(command);
  }
  int status = -1;
  const int result = WithCommand(command, [&](const char* line) {
    status = real::system(line);
    return 0;
  });
  if (result < 0) {
    errno = -result;
  }
  return status;
}

FILE* popen(const char* command, const char* mode) {
  if (command == nullptr || !Remembered::Get().follows_exec()) {
    return real::popen(command, mode);
  }
  FILE* stream = nullptr;
  const int result = WithCommand(command, [&](const char* line) {
    stream = real::popen(line, mode);
    return 0;
  });
  if (result < 0) {
    errno = -result;
  }
  return stream;
}

}  // namespace exported
}  // namespace hooks
