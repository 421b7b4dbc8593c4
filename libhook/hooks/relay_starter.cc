#include "hooks/relay_starter.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "engine/relay_start.h"
#include "hooks/outsider.h"

namespace hooks {
namespace {

using base::Fd;
using engine::RelayStarted;

constexpr int64_t kStartMs = 5000;
// How often one waits for another's start to be over.
constexpr int kWaitSliceMs = 2;

long Pointer(const void* pointer) { return reinterpret_cast<long>(pointer); }

void SetFailure(base::Failure* why, std::string_view detail) {
  *why = {.cause = base::Cause::kRelay, .code = EACCES};
  why->set_detail(detail);
}

bool WriteAll(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const long written = sys::Write(fd, bytes.data(), bytes.size());
    if (written <= 0) {
      return false;
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

template <typename T>
std::span<const uint8_t> BytesOf(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

// A memfd with what the relay needs to know.
Fd DescribeSession(const engine::Session& session) {
  Fd out(static_cast<int>(sys::Call(SYS_memfd_create, Pointer("gochain-relay"), MFD_CLOEXEC)));
  const uint64_t head[] = {engine::kRelayStartMagic, session.config_image().size()};
  static_assert(sizeof head + sizeof(engine::Settings) == sizeof(engine::RelayStart));
  const bool done = out.valid() && WriteAll(out.get(), BytesOf(head)) &&
                    WriteAll(out.get(), BytesOf(session.settings())) &&
                    WriteAll(out.get(), session.config_image()) &&
                    sys::Call(SYS_lseek, out.get(), 0, SEEK_SET) == 0 && MoveUp(&out);
  return done ? std::move(out) : Fd();
}

// Waits for the relay's one message.
bool Hear(int fd, RelayStarted* out, base::Failure* why) {
  pollfd watched{fd, POLLIN, 0};
  if (sys::Poll(&watched, 1, kStartMs) == 0) {
    SetFailure(why, "it did not start in time");
    return false;
  }
  if (sys::Read(fd, out, sizeof *out) != static_cast<long>(sizeof *out) ||
      out->magic != engine::kRelayStartMagic) {
    SetFailure(why, "it ended at its start; is the launcher of this library's version?");
    return false;
  }
  if (out->error != 0) {
    std::array<char, 64> text;
    SetFailure(why, Outsider{.why = "it can't be started", .error = out->error}.Text(text));
  }
  return out->error == 0;
}

bool Launch(const engine::Session& session, pid_t owner, protocol::RelayAccess* access,
            base::Failure* why) {
  const Fd input = DescribeSession(session);
  int ends[2];
  if (!input.valid() || sys::Call(SYS_pipe2, Pointer(ends), O_CLOEXEC) != 0) {
    SetFailure(why, "no descriptor or memory for it");
    return false;
  }
  const Fd answer(ends[0]);
  Fd output(ends[1]);
  if (!MoveUp(&output)) {
    SetFailure(why, "no descriptor or memory for it");
    return false;
  }
  const Outsider relay = StartOutsider("--library-relay", owner, input.get(), output.get());
  if (relay.pid == 0) {
    std::array<char, 96> text;
    SetFailure(why, relay.Text(text));
    return false;
  }
  output.Reset();
  RelayStarted started;
  if (!Hear(answer.get(), &started, why)) {
    return false;
  }
  *access = started.access;
  return true;
}

}  // namespace

bool FindOrStartRelay(engine::Session& session, pid_t owner, uint64_t version,
                      engine::FoundRelay* relay, base::Failure* why) {
  engine::RelayPlace& place = session.relay();
  const int64_t deadline_ms = base::NowMs() + kStartMs + engine::RelayPlace::kStartTimeoutMs;
  while (base::NowMs() < deadline_ms) {
    if (const auto found = place.Find(); found && found->version != version) {
      *relay = *found;
      return true;
    }
    const SignalsBlocked blocked;
    if (!place.Claim(version, base::NowMs())) {
      sys::Poll(nullptr, 0, kWaitSliceMs);
      continue;
    }
    protocol::RelayAccess access;
    if (!Launch(session, owner, &access, why)) {
      place.Abandon();
      return false;
    }
    place.Publish(access);
  }
  SetFailure(why, "it did not start in time");
  return false;
}

}  // namespace hooks
