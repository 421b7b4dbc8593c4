// sendto(2), sendmsg(2) and sendmmsg(2): datagrams with an address, and the sends that connect
// (MSG_FASTOPEN).
//
// The filter can't see whether a message has an address, so every sendmsg comes here of programs
// that the library isn't in. Most have none, and cost the reading of their header: those go on, to
// where their socket was connected. A thread that puts an address in at that very moment gets past
// the rules; gochain is no sandbox.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

#include "supervisor/handlers.h"
#include "supervisor/outgoing.h"

namespace supervisor {
namespace {

constexpr size_t kMaxMessages = 1024;  // UIO_MAXIOV, where sendmmsg(2) cuts

void Answer(Call& call, const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::kAnswered:
      return;
    case Outcome::Kind::kContinue:
      call.Continue();
      return;
    case Outcome::Kind::kResult:
      if (outcome.result < 0) {
        AnswerFailure(call, static_cast<int>(outcome.result));
      } else {
        call.Return(outcome.result);
      }
      return;
  }
}

bool IsQuestion(const ProgramSocket& socket, const base::Endpoint& asked) {
  return socket.is_udp() && asked.port() == kDnsPort;
}

// REQUIRES: the socket is an IP one, and not TCP
Outcome SendDatagram(Services& services, Call& call, Caller& caller, Crew::Member& member,
                     Outgoing& message, const ProgramSocket& socket) {
  // Without one it goes where the socket was connected to, or nowhere.
  if (const auto asked = AddressOf(message, socket)) {
    if (IsQuestion(socket, *asked)) {
      return SendQuestion(services, call, caller, member, message, socket, *asked);
    }
    auto judgement = services.JudgeDatagram(*asked, caller);
    if (services.quiet.Owns(socket.inode)) {
      judgement.verdict = engine::DatagramVerdict::kBlocked;  // nothing leads out of there
    }
    if (judgement.verdict != engine::DatagramVerdict::kSend) {
      services.SayBlocked(engine::LogLevel::kWarn, judgement, socket.protocol, caller);
      return Outcome::Of(-EACCES);
    }
  }
  return socket.fd() >= 0 ? SendCopy(services, call, caller, member, message, socket)
                          : Outcome::Continue();  // there is no hold on it
}

// MSG_FASTOPEN. `known`: it is one of the supervisor's sockets.
void SendFirstOnStream(Services& services, Call& call, Caller& caller, Crew::Member& member,
                       Outgoing& message, const ProgramSocket& socket, bool known) {
  const auto asked = base::Endpoint::FromSockaddr(message.address(), message.destination.size);
  if (!asked.has_value()) {
    call.Continue();  // EINVAL
    return;
  }
  if (!known) {
    if (services.PlanFor(*asked, caller).pass_through) {
      call.Continue();
    } else {
      services.Say(Notice::kUnknownSocket, caller);
      call.Fail(EACCES);
    }
    return;
  }
  if (asked->port() == kDnsPort) {
    call.Fail(EOPNOTSUPP);  // as where fast open is off: the program connects
    return;
  }
  std::vector<uint8_t> data;
  if (const int result = ReadData(caller, message, &data); result < 0) {
    AnswerFailure(call, ReadFailure(services, caller, result));
    return;
  }
  if (!call.IsAlive()) {
    call.Release();
    return;
  }
  const FirstData first{data, message.flags};
  ConnectStream(services, call, caller, member, message.fd, socket, *asked, &first);
}

// What `address` says of a socket that can't be looked at.
void Guess(const sockaddr& address, int flags, ProgramSocket* out) {
  out->domain = address.sa_family == AF_UNSPEC ? AF_INET : address.sa_family;
  out->type = (flags & MSG_FASTOPEN) != 0 ? SOCK_STREAM : SOCK_DGRAM;
  out->protocol = out->type == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP;
}

void HandleMessage(Services& services, Call& call, Caller& caller, Crew::Member& member,
                   Outgoing& message) {
  ProgramSocket socket;
  const int got = GetSocket(services, call, caller, message.fd, &socket);
  if (got == -ENODATA) {
    Guess(*message.address(), message.flags, &socket);
  } else if (got < 0) {
    AnswerFailure(call, got);
    return;
  }
  const bool opens = (message.flags & MSG_FASTOPEN) != 0;
  if (!socket.is_ip() || (socket.is_tcp() && !opens)) {
    call.Continue();  // the address is of no network of ours, or doesn't count
  } else if (socket.is_tcp()) {
    SendFirstOnStream(services, call, caller, member, message, socket, got == 0);
  } else {
    Answer(call, SendDatagram(services, call, caller, member, message, socket));
  }
}

// The messages of a sendmmsg on a socket that isn't TCP: as many as go out in a row.
class Batch {
 public:
  Batch(Services& services, Call& call, Caller& caller, Crew::Member& member,
        const ProgramSocket& socket)
      : services_(services), call_(call), caller_(caller), member_(member), socket_(socket) {}

  Outcome Send(std::span<const mmsghdr> messages) {
    for (const mmsghdr& message : messages) {
      Outcome outcome = SendOne(message.msg_hdr);
      if (outcome.kind != Outcome::Kind::kResult) {
        return outcome;
      }
      if (outcome.result >= 0) {
        const auto size = static_cast<unsigned>(outcome.result);
        const uint64_t told =
            call_.argument(1) + sent_ * sizeof message + offsetof(mmsghdr, msg_len);
        outcome.result =
            caller_.Write(told, {reinterpret_cast<const uint8_t*>(&size), sizeof size});
      }
      if (outcome.result < 0) {
        // The kernel too tells of a failure only where nothing went before it.
        return Outcome::Of(sent_ > 0 ? static_cast<int64_t>(sent_) : outcome.result);
      }
      ++sent_;
      if (ended_) {
        break;
      }
    }
    return Outcome::Of(static_cast<int64_t>(sent_));
  }

 private:
  Outcome SendOne(const msghdr& header) {
    Outgoing message;
    message.fd = call_.int_argument(0);
    message.flags = call_.int_argument(3);
    if (const int result = ReadMessage(caller_, header, &message); result < 0) {
      return Outcome::Of(ReadFailure(services_, caller_, result));
    }
    if (const auto asked = AddressOf(message, socket_); asked && IsQuestion(socket_, *asked)) {
      // The program may get another socket for it, and sends the rest there.
      if (sent_ > 0) {
        return Outcome::Of(-EAGAIN);
      }
      ended_ = true;
    }
    return SendDatagram(services_, call_, caller_, member_, message, socket_);
  }

  Services& services_;
  Call& call_;
  Caller& caller_;
  Crew::Member& member_;
  const ProgramSocket& socket_;
  size_t sent_ = 0;
  bool ended_ = false;
};

// With sockets that there is no hold on, the kernel has to go on with all messages, or none.
bool MayAllGo(Services& services, Caller& caller, const ProgramSocket& socket,
              std::span<const mmsghdr> messages) {
  return std::ranges::all_of(messages, [&](const mmsghdr& each) {
    Outgoing message;
    if (ReadMessage(caller, each.msg_hdr, &message) < 0) {
      return false;
    }
    const auto asked = AddressOf(message, socket);
    return !asked ||
           (services.quiet.Owns(socket.inode)
                ? IsQuestion(socket, *asked)
                : !IsQuestion(socket, *asked) && services.JudgeDatagram(*asked, caller).verdict ==
                                                     engine::DatagramVerdict::kSend);
  });
}

}  // namespace

void HandleSendto(Services& services, Call& call, Caller& caller, Crew::Member& member) {
  if (call.argument(4) == 0) {
    call.Continue();  // MSG_FASTOPEN without an address goes nowhere
    return;
  }
  Outgoing message;
  message.fd = call.int_argument(0);
  message.flags = call.int_argument(3);
  message.pieces.push_back({reinterpret_cast<void*>(call.argument(1)), call.argument(2)});
  if (ReadDestination(services, call, caller, call.argument(4), call.argument(5),
                      &message.destination)) {
    HandleMessage(services, call, caller, member, message);
  }
}

void HandleSendmsg(Services& services, Call& call, Caller& caller, Crew::Member& member) {
  msghdr header;
  int result = caller.ReadObject(call.argument(1), &header);
  if (result == 0 && !NamesAddress(header)) {
    call.Continue();
    return;
  }
  Outgoing message;
  message.fd = call.int_argument(0);
  message.flags = call.int_argument(2);
  if (result == 0) {
    result = ReadMessage(caller, header, &message);
  }
  if (result < 0) {
    AnswerFailure(call, ReadFailure(services, caller, result));
    return;
  }
  HandleMessage(services, call, caller, member, message);
}

void HandleSendmmsg(Services& services, Call& call, Caller& caller, Crew::Member& member) {
  std::vector<mmsghdr> messages(
      std::min<size_t>(static_cast<unsigned>(call.argument(2)), kMaxMessages));
  const int result = caller.Read(call.argument(1), {reinterpret_cast<uint8_t*>(messages.data()),
                                                    messages.size() * sizeof messages[0]});
  if (result < 0) {
    AnswerFailure(call, ReadFailure(services, caller, result));
    return;
  }
  const auto named = std::ranges::find_if(
      messages, [](const mmsghdr& message) { return NamesAddress(message.msg_hdr); });
  if (named == messages.end()) {
    call.Continue();
    return;
  }
  ProgramSocket socket;
  const int got = GetSocket(services, call, caller, call.int_argument(0), &socket);
  if (got < 0 && got != -ENODATA) {
    AnswerFailure(call, got);
    return;
  }
  const int flags = call.int_argument(3);
  if (got == -ENODATA) {
    Outgoing first;
    if (const int read = ReadMessage(caller, named->msg_hdr, &first); read < 0) {
      AnswerFailure(call, ReadFailure(services, caller, read));
      return;
    }
    Guess(*first.address(), flags, &socket);
  }
  const bool is_datagram = socket.is_ip() && !socket.is_tcp();
  if (socket.is_ip() && socket.is_tcp() && (flags & MSG_FASTOPEN) != 0) {
    call.Fail(EOPNOTSUPP);  // as where fast open is off
  } else if (!is_datagram || (socket.fd() < 0 && MayAllGo(services, caller, socket, messages))) {
    call.Continue();
  } else if (socket.fd() >= 0) {
    Answer(call, Batch(services, call, caller, member, socket).Send(messages));
  } else {
    services.Say(Notice::kUnknownSocket, caller);
    call.Fail(EACCES);
  }
}

}  // namespace supervisor
