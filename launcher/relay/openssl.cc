#include "relay/openssl.h"

#include <dlfcn.h>

namespace relay {
namespace {

constexpr const char* kLibraries[] = {"libssl.so.3", "libssl.so.1.1"};

bool Fill(void* library, OpenSsl* out) {
#define GOCHAIN_FIND(function)                                                          \
  out->function = reinterpret_cast<decltype(out->function)>(dlsym(library, #function)); \
  if (out->function == nullptr) {                                                       \
    return false;                                                                       \
  }
  GOCHAIN_OPENSSL_FUNCTIONS(GOCHAIN_FIND)
#undef GOCHAIN_FIND
  return true;
}

const OpenSsl* Load() {
  static OpenSsl table;
  for (const char* const name : kLibraries) {
    // Never closed: OpenSSL leaves handlers behind that must not lose their code.
    void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr && Fill(library, &table)) {
      // Its own cleaning-up at exit would pull the ground from under threads that still copy.
      table.OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
      return &table;
    }
  }
  return nullptr;
}

}  // namespace

const OpenSsl* OpenSsl::Get() {
  static const OpenSsl* const loaded = Load();
  return loaded;
}

}  // namespace relay
