// What the library answers when a program looks a name or an address up. Takes no locks and, once
// the process has found its session, allocates nothing.
#ifndef GOCHAIN_HOOKS_LOOKUP_H_
#define GOCHAIN_HOOKS_LOOKUP_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/endpoint.h"

namespace hooks {

struct NameAnswer {
  enum class Kind : uint8_t {
    kReal,        // libc's resolver may be asked
    kMadeUp,      // `address` stands for the name
    kNoSuchName,  // nothing that DNS could know
    kRefused,     // nothing may be asked, and there is no address to give
  };

  Kind kind = Kind::kReal;
  base::IpAddress address = {};
};

// `name` is not numeric.
NameAnswer LookUpName(std::string_view name);

struct AddressAnswer {
  enum class Kind : uint8_t {
    kReal,        // libc's resolver may be asked
    kName,        // `name` is what the address was made up for
    kNoSuchName,  // an address that is reached through a proxy: nobody here is asked about it
  };

  Kind kind = Kind::kReal;
  base::Endpoint name = {};
};

AddressAnswer LookUpAddress(const base::IpAddress& address);

// IPv4 address text, terminated.
std::array<char, 16> Text(const base::IpAddress& v4);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_LOOKUP_H_
