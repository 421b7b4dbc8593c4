#include "relay/mux_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/clock.h"
#include "base/fd_message.h"
#include "relay/mux_message.h"

namespace relay {
namespace {

using base::Fd;

constexpr uint32_t kRequest = 1;       // one request a connection
constexpr int64_t kFullBacklogMs = 2;  // between two tries where the master can't keep up
constexpr int kType = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

MuxOutcome FromWaited(Patience::Waited waited) {
  return waited == Patience::Waited::kGone ? MuxOutcome::kProgramGone : MuxOutcome::kTimedOut;
}

// One conversation with a master. Each step is kOpened where it went well.
class Conversation {
 public:
  Conversation(const Patience& patience, int64_t deadline_ms)
      : patience_(patience), deadline_ms_(deadline_ms) {}

  MuxOutcome Connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
      return MuxOutcome::kMasterGone;
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    socket_.Reset(socket(AF_UNIX, kType, 0));
    while (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
           0) {
      if (errno != EAGAIN) {
        return MuxOutcome::kMasterGone;
      }
      // Its backlog is full, and no event tells of room in it.
      const int64_t next_ms = base::NowMs() + kFullBacklogMs;
      const auto waited = patience_.Wait(-1, 0, std::min(next_ms, deadline_ms_));
      if (waited == Patience::Waited::kGone || base::NowMs() >= deadline_ms_) {
        return FromWaited(waited);
      }
    }
    return MuxOutcome::kOpened;
  }

  MuxOutcome Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (const MuxOutcome ready = GoOn(POLLOUT); ready != MuxOutcome::kOpened) {
        return ready;
      }
    }
    return MuxOutcome::kOpened;
  }

  MuxOutcome SendDescriptor(int fd) {
    const auto waited = patience_.Wait(socket_.get(), POLLOUT, deadline_ms_);
    if (waited != Patience::Waited::kReady) {
      return FromWaited(waited);
    }
    const char filler = 0;
    return base::SendMessage(socket_.get(), filler, fd) ? MuxOutcome::kOpened
                                                        : MuxOutcome::kMasterGone;
  }

  // The master's greeting, and then its answer.
  MuxOutcome ReadAnswer(MuxMessage* out) {
    bool greeted = false;
    for (;;) {
      while (auto message = reader_.Next()) {
        if (message->type == MuxMessage::Type::kHello) {
          if (greeted || message->number != kMuxVersion) {
            return MuxOutcome::kNotUnderstood;
          }
          greeted = true;
        } else if (!greeted) {
          return MuxOutcome::kNotUnderstood;
        } else if (message->type != MuxMessage::Type::kOther) {
          *out = std::move(*message);
          return out->number == kRequest ? MuxOutcome::kOpened : MuxOutcome::kNotUnderstood;
        }
      }
      if (reader_.failed()) {
        return MuxOutcome::kNotUnderstood;
      }
      if (const MuxOutcome outcome = ReadSome(); outcome != MuxOutcome::kOpened) {
        return outcome;
      }
    }
  }

  Fd TakeSocket() { return std::move(socket_); }

 private:
  MuxOutcome ReadSome() {
    std::array<uint8_t, 1024> buffer;
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      reader_.Feed(std::span(buffer).first(static_cast<size_t>(got)));
      return MuxOutcome::kOpened;
    }
    return got == 0 ? MuxOutcome::kMasterGone : GoOn(POLLIN);
  }

  // After a call that failed with errno: waits where that makes sense.
  MuxOutcome GoOn(short events) {
    if (errno == EINTR) {
      return MuxOutcome::kOpened;
    }
    if (errno != EAGAIN) {
      return MuxOutcome::kMasterGone;
    }
    const auto waited = patience_.Wait(socket_.get(), events, deadline_ms_);
    return waited == Patience::Waited::kReady ? MuxOutcome::kOpened : FromWaited(waited);
  }

  const Patience& patience_;
  int64_t deadline_ms_;
  Fd socket_;
  MuxReader reader_;
};

std::string HostText(const base::Endpoint& target) {
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(target.HostText(buffer, /*brackets=*/false));
}

// A socket for one direction: the master's end, and ours.
bool MakePair(Fd* theirs, Fd* ours) {
  int ends[2];
  if (socketpair(AF_UNIX, kType, 0, ends) != 0) {
    return false;
  }
  theirs->Reset(ends[0]);
  ours->Reset(ends[1]);
  return true;
}

}  // namespace

MuxOutcome OpenChannel(const std::string& path, const base::Endpoint& target,
                       const Patience& patience, int64_t deadline_ms, SshChannel* out,
                       std::string* reason) {
  Conversation master(patience, deadline_ms);
  Fd input;
  Fd output;
  if (!MakePair(&input, &out->write) || !MakePair(&output, &out->read)) {
    return MuxOutcome::kMasterGone;
  }
  MuxOutcome outcome = master.Connect(path);
  if (outcome == MuxOutcome::kOpened) {
    outcome = master.Send(MuxHello() + MuxForward(kRequest, HostText(target), target.port()));
  }
  if (outcome == MuxOutcome::kOpened) {
    outcome = master.SendDescriptor(input.get());
  }
  if (outcome == MuxOutcome::kOpened) {
    outcome = master.SendDescriptor(output.get());
  }
  MuxMessage answer;
  if (outcome == MuxOutcome::kOpened) {
    outcome = master.ReadAnswer(&answer);
  }
  if (outcome != MuxOutcome::kOpened) {
    return outcome;
  }
  if (answer.type == MuxMessage::Type::kRefused) {
    *reason = answer.reason;
    return MuxOutcome::kRefused;
  }
  if (answer.type != MuxMessage::Type::kOpened) {
    return MuxOutcome::kNotUnderstood;
  }
  out->control = master.TakeSocket();
  return MuxOutcome::kOpened;
}

std::string TargetText(const base::Endpoint& target) {
  return HostText(target) + ":" + std::to_string(target.port());
}

bool MasterAnswers(const std::string& path, int64_t deadline_ms) {
  const Patience patience(-1);
  Conversation master(patience, deadline_ms);
  MuxMessage answer;
  return master.Connect(path) == MuxOutcome::kOpened &&
         master.Send(MuxHello() + MuxAliveCheck(kRequest)) == MuxOutcome::kOpened &&
         master.ReadAnswer(&answer) == MuxOutcome::kOpened &&
         answer.type == MuxMessage::Type::kAlive;
}

}  // namespace relay
