// International host names in their ASCII form, which is what DNS and proxies take.
//
// libidn2 converts them (IDNA2008, RFC 5891). It is opened when a name first needs it, so that
// whoever writes ASCII alone does without. Allocates, and takes the loader's lock.
#ifndef GOCHAIN_CONFIG_INTERNATIONAL_NAME_H_
#define GOCHAIN_CONFIG_INTERNATIONAL_NAME_H_

#include <optional>
#include <string>
#include <string_view>

#include "config/diagnostics.h"

namespace config {

bool IsAscii(std::string_view text);

// "Bücher.example" → "xn--bcher-kva.example". Labels that are ASCII stay as they are, "*" and
// "_dns" too. A complaint is `what` with the reason behind it, or says that `library` is missing.
std::optional<Complaint> ToAsciiName(std::string_view name, const std::string& what,
                                     std::string* out, const char* library = "libidn2.so.0");

}  // namespace config

#endif  // GOCHAIN_CONFIG_INTERNATIONAL_NAME_H_
