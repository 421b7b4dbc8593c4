// What the library answers when a program looks a name or an address up. Takes no locks and, once
// the process has found its session, allocates nothing.
#ifndef GOCHAIN_HOOKS_LOOKUP_H_
#define GOCHAIN_HOOKS_LOOKUP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "engine/lookup.h"

namespace hooks {

struct NameAnswer {
  enum class Kind : uint8_t {
    kReal,        // libc's resolver may be asked
    kAddresses,   // `addresses` are the name's, or stand for it
    kNoSuchName,  // nothing that DNS could know
    kRefused,     // nothing may be asked, and there is no address to give
  };

  Kind kind = Kind::kReal;
  engine::Addresses addresses = {};
  size_t count = 0;
  // Of kReal: what libc finds is to be looked at by KeepAnswer().
  base::Endpoint name = {};
};

// `name` is not numeric.
NameAnswer LookUpName(std::string_view name);

// libc has found `found` for a name that it was asked about as `answer` says. True where the
// program may be told so, and what it connects to there means the name then; else `answer` is what
// to tell.
bool KeepAnswer(std::span<const base::IpAddress> found, NameAnswer* answer);

struct AddressAnswer {
  enum class Kind : uint8_t {
    kReal,        // libc's resolver may be asked
    kName,        // `name` is what the address stands for
    kNoSuchName,  // an address that is reached through a proxy: nobody here is asked about it
  };

  Kind kind = Kind::kReal;
  base::Endpoint name = {};
};

AddressAnswer LookUpAddress(const base::IpAddress& address);

// `address` as text, terminated.
std::array<char, base::kMaxAddressText> Text(const base::IpAddress& address);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_LOOKUP_H_
