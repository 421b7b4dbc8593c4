#include "engine/broker.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/fd_message.h"
#include "base/syscalls.h"
#include "base/text.h"

namespace engine {
namespace {

using base::Fd;

// Names that others have taken, or other rules with the same hash, are passed over.
constexpr unsigned kNames = 4;
// One that ends just when it is asked is asked for again.
constexpr int kRounds = 8;
// One that was started a moment ago, on a machine with much to do, has this much time. The wait
// ends earlier where it isn't to be: its listener is closed then.
constexpr int kPatienceMs = 2000;
// Many may come at once; but of a stranger's queue that is full little is expected.
constexpr int kQueueTries = 20;
constexpr int kQueueMs = 5;

class Fnv {
 public:
  void Add(std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) {
      value_ = (value_ ^ byte) * 0x100000001b3;
    }
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

uid_t User() { return static_cast<uid_t>(sys::Call(SYS_geteuid)); }

Fd Socket() {
  const long made =
      sys::Call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return Fd(static_cast<int>(made));
}

// Its child is whoever has lost its parent: it would have the broker for one.
bool IsReaper() {
  int subreaper = 0;
  sys::Call(SYS_prctl, PR_GET_CHILD_SUBREAPER, reinterpret_cast<long>(&subreaper));
  return subreaper != 0 || sys::Getpid() == 1;
}

}  // namespace

uint64_t RulesHash(const config::Config& config, std::span<const uint8_t> config_image) {
  Fnv hash;
  const uint8_t* at = config_image.data();
  const uint8_t* const end = at + config_image.size();
  while (at < end) {
    // The password that comes next in the image.
    std::string_view next;
    for (const config::Proxy& proxy : config.proxies()) {
      const std::string_view password = config.text(proxy.password);
      const auto* const start = reinterpret_cast<const uint8_t*>(password.data());
      if (!password.empty() && start + password.size() > at &&
          (next.empty() || password.data() < next.data())) {
        next = password;
      }
    }
    const auto* const start =
        next.empty() ? end : std::max(at, reinterpret_cast<const uint8_t*>(next.data()));
    hash.Add({at, start});
    at = start + next.size();
  }
  return hash.value();
}

// "\0gochain-UID-HASH-N": unix(7), abstract.
class BrokerSearch::Name {
 public:
  Name(uint64_t hash, unsigned number) {
    address_.sun_family = AF_UNIX;
    base::TextWriter text(std::span<char>(address_.sun_path).subspan(1));
    text.Append("gochain-").AppendNumber(uint64_t{User()}).Append('-').AppendNumber(hash);
    text.Append('-').AppendNumber(uint64_t{number});
    length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.view().size());
  }

  long Connect(int fd) const {
    return sys::Call(SYS_connect, fd, reinterpret_cast<long>(&address_), length_);
  }
  long Bind(int fd) const {
    return sys::Call(SYS_bind, fd, reinterpret_cast<long>(&address_), length_);
  }

 private:
  sockaddr_un address_{};
  socklen_t length_ = 0;
};

BrokerSearch::Answer BrokerSearch::Ask(const Name& name) {
  const Fd socket = Socket();
  if (!socket.valid()) {
    why_ = "no socket for it";
    return Answer::kAnother;
  }
  long connected = name.Connect(socket.get());
  for (int tries = 0; connected == -EAGAIN && tries < kQueueTries; ++tries) {
    sys::Poll(nullptr, 0, kQueueMs);
    connected = name.Connect(socket.get());
  }
  if (connected != 0) {
    return connected == -ECONNREFUSED ? Answer::kNobody : Answer::kAnother;
  }
  ucred peer{};
  socklen_t length = sizeof peer;
  if (sys::Getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
      peer.uid != User()) {
    return Answer::kAnother;
  }
  uint64_t magic = 0;
  Fd region;
  pollfd watched{socket.get(), POLLIN, 0};
  if (sys::Poll(&watched, 1, kPatienceMs) <= 0) {
    return Answer::kAnother;
  }
  if (!base::ReceiveMessage(socket.get(), &magic, &region)) {
    return Answer::kGone;
  }
  // Where it has sealed the region, since nobody had it any more, it is about to end.
  if (magic != kBrokerMagic || !region.valid() || !Session::CanLend(region.get(), config_image_)) {
    return Answer::kAnother;
  }
  region_ = std::move(region);
  broker_ = peer.pid;
  return Answer::kFound;
}

bool BrokerSearch::Bind(const Name& name) {
  Fd socket = Socket();
  if (name.Bind(socket.get()) != 0 || sys::Call(SYS_listen, socket.get(), kBrokerQueue) != 0) {
    return false;
  }
  listener_ = std::move(socket);
  return true;
}

BrokerSearch::Outcome BrokerSearch::Run() {
  const uint64_t hash = RulesHash(config_, config_image_);
  for (int round = 0; round < kRounds; ++round) {
    unsigned free_name = kNames;
    bool is_gone = false;
    // To the last: one with these rules may stand behind a name that has become free.
    for (unsigned number = 0; number < kNames; ++number) {
      switch (Ask(Name(hash, number))) {
        case Answer::kFound:
          return Outcome::kFound;
        case Answer::kNobody:
          free_name = std::min(free_name, number);
          break;
        case Answer::kGone:
          is_gone = true;
          break;
        case Answer::kAnother:
          break;
      }
    }
    if (is_gone) {
      continue;
    }
    if (free_name == kNames) {
      why_ = why_[0] != '\0' ? why_ : "its names are taken";
      return Outcome::kNone;
    }
    if (IsReaper()) {
      return Outcome::kNone;
    }
    if (!Bind(Name(hash, free_name))) {
      continue;  // another was faster
    }
    auto made = Session::CreateTables(config_image_);
    if (!made.ok()) {
      why_ = made.error().what;
      return Outcome::kNone;
    }
    region_ = std::move(made.value());
    return Outcome::kStart;
  }
  why_ = "it ends as soon as it is asked";
  return Outcome::kNone;
}

}  // namespace engine
