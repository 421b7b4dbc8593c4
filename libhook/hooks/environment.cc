#include "hooks/environment.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <span>

#include "base/syscalls.h"
#include "base/text.h"
#include "hooks/remembered.h"

namespace hooks {
namespace {

// A path that still means the same after chdir; empty where it doesn't fit.
void CopyAbsolutePath(std::string_view path, std::array<char, 4096>* out) {
  base::TextWriter text(std::span<char>(*out).first(out->size() - 1));
  if (!path.starts_with('/')) {
    const long size = sys::Call(SYS_getcwd, reinterpret_cast<long>(out->data()),
                                static_cast<long>(out->size() - 1));
    if (size <= 0) {
      return;
    }
    std::array<char, 4096> folder = *out;
    text.Append(std::string_view(folder.data())).Append('/');
  }
  text.Append(path);
  if (text.cut()) {
    out->fill('\0');
  } else {
    (*out)[text.view().size()] = '\0';
  }
}

}  // namespace

const char* Variable(const char* name) {
  const size_t size = std::strlen(name);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, name, size) == 0 && (*entry)[size] == '=') {
      return *entry + size + 1;
    }
  }
  return Remembered::Get().Find(name);
}

std::string_view VariableText(const char* name) {
  const char* const value = Variable(name);
  return value != nullptr ? std::string_view(value) : std::string_view();
}

void ReadSettings(engine::Settings* out) {
  out->mode = engine::Mode::kPreload;
  // The launcher refuses a wrong word; here the default is all there is.
  engine::ParseLogLevel(VariableText("GOCHAIN_LOG"), &out->log_level);
  engine::ParseLogFormat(VariableText("GOCHAIN_LOG_FORMAT"), &out->log_format);
  const std::string_view file = VariableText("GOCHAIN_LOG_FILE");
  if (!file.empty()) {
    CopyAbsolutePath(file, &out->log_file);
  }
}

}  // namespace hooks
