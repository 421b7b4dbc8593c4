// getaddrinfo_a(3): glibc looks names up in threads of its own, past the hooks. What needs no
// waiting is answered in the call, and so is all of it where the caller waits anyway; libc gets the
// rest, and tells the program when all is done.
#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "hooks/lookup.h"
#include "hooks/next.h"

namespace hooks {
namespace {

bool IsName(const gaicb& request) {
  const char* const node = request.ar_name;
  const int flags = request.ar_request != nullptr ? request.ar_request->ai_flags : 0;
  in_addr v4;
  return node != nullptr && node[0] != '\0' && (flags & AI_NUMERICHOST) == 0 &&
         std::strchr(node, ':') == nullptr && inet_aton(node, &v4) == 0;
}

// True where libc would ask somebody else for the name, while the caller goes on.
bool IsLibcs(int mode, const gaicb& request) {
  return !IsName(request) ||
         (mode != GAI_WAIT && LookUpName(request.ar_name).kind == NameAnswer::Kind::kReal);
}

}  // namespace

namespace exported {

int getaddrinfo_a(int mode, gaicb** requests, int count, sigevent* event) {
  if ((mode != GAI_WAIT && mode != GAI_NOWAIT) || requests == nullptr || count <= 0) {
    return real::getaddrinfo_a(mode, requests, count, event);
  }
  auto* const left = static_cast<gaicb**>(std::calloc(static_cast<size_t>(count), sizeof(void*)));
  if (left == nullptr) {
    return EAI_MEMORY;
  }
  for (int i = 0; i < count; ++i) {
    gaicb* const request = requests[i];
    if (request == nullptr || IsLibcs(mode, *request)) {
      left[i] = request;
    } else {
      request->__return = exported::getaddrinfo(request->ar_name, request->ar_service,
                                                request->ar_request, &request->ar_result);
    }
  }
  const int result = real::getaddrinfo_a(mode, left, count, event);
  std::free(left);
  return result;
}

}  // namespace exported
}  // namespace hooks
