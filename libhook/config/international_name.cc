#include "config/international_name.h"

#include <dlfcn.h>

#include <cstdint>

namespace config {
namespace {

// Of idn2.h, which is not needed to build.
constexpr int kNfcInput = 1;         // IDN2_NFC_INPUT
constexpr int kNontransitional = 8;  // IDN2_NONTRANSITIONAL: "ß" stays itself, as in browsers
using LookupFn = int (*)(const uint8_t* name, uint8_t** out, int flags);
using FreeFn = void (*)(void* text);
using StrerrorFn = const char* (*)(int error);

struct Library {
  LookupFn lookup = nullptr;
  FreeFn free = nullptr;
  StrerrorFn strerror = nullptr;

  bool ok() const { return lookup != nullptr && free != nullptr && strerror != nullptr; }
};

// It stays open: the next name finds it at once.
Library Open(const char* name) {
  void* const handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return {};
  }
  return {reinterpret_cast<LookupFn>(dlsym(handle, "idn2_lookup_u8")),
          reinterpret_cast<FreeFn>(dlsym(handle, "idn2_free")),
          reinterpret_cast<StrerrorFn>(dlsym(handle, "idn2_strerror"))};
}

// Punycode would hide the '*' within the label's letters.
bool HasStarInInternationalLabel(std::string_view name) {
  while (true) {
    const size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (label.find('*') != std::string_view::npos && !IsAscii(label)) {
      return true;
    }
    if (dot == std::string_view::npos) {
      return false;
    }
    name.remove_prefix(dot + 1);
  }
}

}  // namespace

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      return false;
    }
  }
  return true;
}

std::optional<Complaint> ToAsciiName(std::string_view name, const std::string& what,
                                     std::string* out, const char* library) {
  if (HasStarInInternationalLabel(name)) {
    return Complaint{what + ": a label with '*' must be ASCII", {}};
  }
  const Library idn2 = Open(library);
  if (!idn2.ok()) {
    return Complaint{
        Quote(name) + " needs libidn2, which is not installed; write it in its xn-- form", {}};
  }
  const std::string input(name);
  uint8_t* ascii = nullptr;
  const int error = idn2.lookup(reinterpret_cast<const uint8_t*>(input.c_str()), &ascii,
                                kNfcInput | kNontransitional);
  if (error != 0) {
    return Complaint{what + ": " + idn2.strerror(error), {}};
  }
  *out = reinterpret_cast<const char*>(ascii);
  idn2.free(ascii);
  return std::nullopt;
}

}  // namespace config
