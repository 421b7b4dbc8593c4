#include "chain/freshness.h"

#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

#include <cstring>

#include "base/clock.h"
#include "base/syscalls.h"

namespace chain {
namespace {

long Address(void* memory) { return reinterpret_cast<long>(memory); }

// A NetBIOS name: the first label, in upper case.
void SetHost(std::string_view name, std::array<char, 16>& out) {
  size_t size = 0;
  for (const char c : name.substr(0, name.find('.'))) {
    if (size == out.size() - 1) {
      break;
    }
    out[size++] = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  }
  out[size] = '\0';
}

}  // namespace

protocol::Freshness MakeFreshness() {
  protocol::Freshness out;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  out.unix_time_s = now.tv_sec;
  const long got = sys::Call(SYS_getrandom, Address(out.random.data()),
                             static_cast<long>(out.random.size()), GRND_NONBLOCK);
  if (got != static_cast<long>(out.random.size())) {
    // A machine that has only just started, or a filter. Nothing secret rests on it: the bytes are
    // to differ from those of other requests.
    const uint64_t words[2] = {
        static_cast<uint64_t>(base::NowUs()),
        static_cast<uint64_t>(now.tv_nsec) << 32 | static_cast<uint64_t>(sys::Gettid())};
    std::memcpy(out.random.data(), words, sizeof words);
  }
  utsname machine;
  if (sys::Call(SYS_uname, Address(&machine)) == 0) {
    SetHost(machine.nodename, out.host);
  }
  return out;
}

}  // namespace chain
