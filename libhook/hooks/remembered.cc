#include "hooks/remembered.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "base/syscalls.h"
#include "hooks/next.h"

namespace hooks {

constinit Remembered Remembered::g_remembered;

const Remembered& Remembered::Get() { return g_remembered; }

// Pointer to a terminated copy of both texts in a row; nullptr where it doesn't fit.
const char* Remembered::Copy(std::string_view text, std::string_view more) {
  if (text.size() + more.size() >= text_.size() - size_) {
    return nullptr;
  }
  char* const out = text_.data() + size_;
  std::memcpy(out, text.data(), text.size());
  std::memcpy(out + text.size(), more.data(), more.size());
  out[text.size() + more.size()] = '\0';
  size_ += text.size() + more.size() + 1;
  return out;
}

// As it was given in LD_PRELOAD: made absolute, since a child may start in another folder.
void Remembered::FindLibrary() {
  Dl_info info;
  if (dladdr(&g_remembered, &info) == 0 || info.dli_fname == nullptr) {
    return;
  }
  std::array<char, 1024> folder{"/"};
  size_t size = 0;
  if (info.dli_fname[0] != '/') {
    const long got = sys::Call(SYS_getcwd, reinterpret_cast<long>(folder.data()),
                               static_cast<long>(folder.size() - 1));
    if (got <= 1) {
      return;
    }
    size = std::strlen(folder.data());
    folder[size++] = '/';
  }
  if (const char* const path = Copy({folder.data(), size}, info.dli_fname)) {
    library_ = path;
  }
}

const char* Remembered::Find(std::string_view name) const {
  for (const char* const variable : variables()) {
    if (std::strncmp(variable, name.data(), name.size()) == 0 && variable[name.size()] == '=') {
      return variable + name.size() + 1;
    }
  }
  return nullptr;
}

__attribute__((constructor)) void Remember() {
  Remembered& out = Remembered::g_remembered;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "GOCHAIN_", 8) != 0) {
      continue;
    }
    const std::string_view text(*entry);
    if (text == "GOCHAIN_SUPERVISED=1") {
      out.supervised_ = true;
    } else if (out.count_ < out.variables_.size()) {
      // What is too long for a copy stays where the kernel put it.
      const char* const copy = out.Copy(text, {});
      out.variables_[out.count_++] = copy != nullptr ? copy : *entry;
    }
  }
  if (!out.supervised_) {
    out.FindLibrary();
    real::FindAll();
  }
}

}  // namespace hooks
