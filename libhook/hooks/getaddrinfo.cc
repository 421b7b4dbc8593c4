// getaddrinfo: a name that could go through a proxy gets its made-up address, in libc's own shapes:
// libc is asked about the address's text, so hints, services, flags and errors are its own, and so
// is the list that freeaddrinfo frees. RFC 3493 §6.1.
#include <gnu/libc-version.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>

#include "hooks/errno_keeper.h"
#include "hooks/lookup.h"
#include "hooks/next.h"

// The same library is loaded into programs of either libc; musl has no such function.
#pragma weak gnu_get_libc_version

namespace hooks {
namespace {

// Flags about how a name is looked up; a made-up address can be reached whatever addresses this
// host has.
constexpr int kLookupFlags = AI_ADDRCONFIG | AI_IDN | AI_CANONIDN;

bool IsAscii(const char* text) {
  for (; *text != '\0'; ++text) {
    if (static_cast<unsigned char>(*text) > 0x7f) {
      return false;
    }
  }
  return true;
}

// Text that libc could take for an address, in any form of inet_aton(3) or inet_pton(3).
bool MayBeNumeric(const char* text) {
  return (text[0] >= '0' && text[0] <= '9') || std::strchr(text, ':') != nullptr;
}

addrinfo NumericHints(const addrinfo* hints) {
  addrinfo out{};
  if (hints != nullptr) {
    out.ai_flags = hints->ai_flags & ~kLookupFlags;
    out.ai_family = hints->ai_family;
    out.ai_socktype = hints->ai_socktype;
    out.ai_protocol = hints->ai_protocol;
  }
  out.ai_flags |= AI_NUMERICHOST;
  return out;
}

// The canonical name is the name itself, as DNS would say where there is no alias; it stands in the
// first entry. libc has the address's text there.
bool NameFirstEntry(const char* node, addrinfo* list) {
  size_t size = std::strlen(node);
  if (size > 1 && node[size - 1] == '.') {
    --size;
  }
  char* const name = strndup(node, size);
  if (name == nullptr) {
    return false;
  }
  // musl keeps the text in the list's own memory, where nothing longer fits, and frees only that.
  if (gnu_get_libc_version != nullptr) {
    std::free(list->ai_canonname);
  }
  list->ai_canonname = name;
  return true;
}

void Append(addrinfo* more, addrinfo** list) {
  while (*list != nullptr) {
    list = &(*list)->ai_next;
  }
  *list = more;
}

// Of a name with both, an IPv6 socket wants the IPv4 addresses only where AI_ALL asks for them.
bool IsWanted(const NameAnswer& answer, const base::IpAddress& address, const addrinfo& hints) {
  if (hints.ai_family != AF_INET6 || (hints.ai_flags & AI_ALL) != 0 || !address.is_v4()) {
    return true;
  }
  for (size_t i = 0; i < answer.count; ++i) {
    if (!answer.addresses[i].is_v4()) {
      return false;
    }
  }
  return true;
}

// The lists of all addresses, in one. glibc frees it entry by entry; musl, which counts the entries
// of a list, keeps the memory of one that was put together.
int ListAll(const NameAnswer& answer, const char* service, addrinfo hints, addrinfo** list) {
  for (size_t i = 0; i < answer.count; ++i) {
    addrinfo* more = nullptr;
    if (!IsWanted(answer, answer.addresses[i], hints)) {
      continue;
    }
    const int error = real::getaddrinfo(Text(answer.addresses[i]).data(), service, &hints, &more);
    if (error == 0) {
      Append(more, list);
      // Only the first entry has a name.
      hints.ai_flags &= ~AI_CANONNAME;
    } else if (error != EAI_ADDRFAMILY) {
      if (*list != nullptr) {
        freeaddrinfo(*list);
      }
      return error;
    }
  }
  // A name without a record of that type, no longer an address of the other.
  return *list != nullptr ? 0 : EAI_NODATA;
}

// What libc's resolver finds; where that isn't for the program, `answer` is changed, and there is
// no list.
int AskLibc(const char* node, const char* service, const addrinfo* hints, NameAnswer* answer,
            addrinfo** list) {
  const int error = real::getaddrinfo(node, service, hints, list);
  if (error != 0) {
    return error;
  }
  engine::AnsweredAddresses found;
  size_t count = 0;
  for (const addrinfo* entry = *list; entry != nullptr; entry = entry->ai_next) {
    const auto endpoint = base::Endpoint::FromSockaddr(entry->ai_addr, entry->ai_addrlen);
    // One entry for each type of socket.
    if (endpoint && count < found.size() &&
        (count == 0 || found[count - 1] != endpoint->address())) {
      found[count++] = endpoint->address();
    }
  }
  if (!KeepAnswer(std::span(found).first(count), answer)) {
    freeaddrinfo(*list);
    *list = nullptr;
  }
  return 0;
}

int Getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  addrinfo numeric = NumericHints(hints);
  if (MayBeNumeric(node)) {
    const int error = real::getaddrinfo(node, service, &numeric, result);
    if (error == 0) {
      freeaddrinfo(*result);
    }
    if (error != EAI_NONAME) {
      return real::getaddrinfo(node, service, hints, result);
    }
  }
  const int flags = hints != nullptr ? hints->ai_flags : AI_V4MAPPED | AI_ADDRCONFIG;
  if ((flags & AI_IDN) != 0 && !IsAscii(node)) {
    // libc would need libidn2; a proxy wants the ASCII form, which is the program's to make.
    return EAI_IDN_ENCODE;
  }
  NameAnswer answer = LookUpName(node);
  addrinfo* list = nullptr;
  if (answer.kind == NameAnswer::Kind::kReal) {
    const int error = AskLibc(node, service, hints, &answer, &list);
    if (error != 0) {
      return error;
    }
    if (list != nullptr) {
      *result = list;
      return 0;
    }
  }
  if (answer.kind != NameAnswer::Kind::kAddresses) {
    // It is any address's text: libc looks at the other arguments first.
    const int error = real::getaddrinfo("0.0.0.0", service, &numeric, &list);
    if (error == 0) {
      freeaddrinfo(list);
    } else if (error != EAI_ADDRFAMILY) {
      return error;
    }
    return answer.kind == NameAnswer::Kind::kRefused ? EAI_FAIL : EAI_NONAME;
  }
  if (const int error = ListAll(answer, service, numeric, &list); error != 0) {
    return error;
  }
  for (addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    entry->ai_flags = flags;
  }
  if ((flags & AI_CANONNAME) != 0 && !NameFirstEntry(node, list)) {
    freeaddrinfo(list);
    return EAI_MEMORY;
  }
  *result = list;
  return 0;
}

}  // namespace

namespace exported {

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  const int flags = hints != nullptr ? hints->ai_flags : 0;
  if (node == nullptr || node[0] == '\0' || (flags & AI_NUMERICHOST) != 0) {
    return real::getaddrinfo(node, service, hints, result);
  }
  const ErrnoKeeper keeper;
  const int error = Getaddrinfo(node, service, hints, result);
  if (error != EAI_SYSTEM) {
    keeper.Restore();
  }
  return error;
}

}  // namespace exported
}  // namespace hooks
