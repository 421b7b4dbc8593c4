#include "relay/ssh_words.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace relay {
namespace {

using base::Cause;
using base::Failure;

bool Has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

std::string_view Behind(std::string_view text, std::string_view word) {
  const size_t at = text.find(word);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + word.size());
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ' || text.back() == '.')) {
    text.remove_suffix(1);
  }
  return text;
}

Failure Make(Cause cause, Failure::Speaker speaker, std::string_view detail) {
  Failure out;
  out.cause = cause;
  out.speaker = speaker;
  out.set_detail(Trimmed(detail));
  return out;
}

// strerror(3)'s and getaddrinfo(3)'s words, of several systems.
struct ConnectWords {
  std::string_view words;
  int error;
  Cause cause;       // where the far side says so
  bool needs_words;  // the cause alone does not say it
};
constexpr ConnectWords kConnectWords[] = {
    {"Connection refused", ECONNREFUSED, Cause::kRefused, false},
    {"No route to host", EHOSTUNREACH, Cause::kHostUnreachable, false},
    {"Host is down", EHOSTDOWN, Cause::kHostUnreachable, true},
    {"Network is unreachable", ENETUNREACH, Cause::kNetUnreachable, false},
    {"Network unreachable", ENETUNREACH, Cause::kNetUnreachable, false},
    {"timed out", ETIMEDOUT, Cause::kTimedOut, false},
    {"Permission denied", EACCES, Cause::kForbidden, true},
    {"Operation not permitted", EPERM, Cause::kForbidden, true},
};

// RFC 4254 §5.1, in the words of OpenSSH's ssh.
constexpr std::string_view kOpenFailed = ": open failed: ";
constexpr std::string_view kConnectFailed = "connect failed";

// How much a line says of why ssh ended: the higher rank wins, the first of equals.
enum Rank : int { kNothing, kAnything, kEnded, kConnection, kRefusedIn, kBehindRefusal };

struct Row {
  std::string_view words;
  Rank rank;
  Cause cause;
};
constexpr Row kRows[] = {
    // The key that would have let the user in, said before the refusal.
    {"are too open", kBehindRefusal, Cause::kAuthentication},
    {"Load key ", kBehindRefusal, Cause::kAuthentication},
    {"no such identity: ", kBehindRefusal, Cause::kAuthentication},
    {"Too many authentication failures", kBehindRefusal, Cause::kAuthentication},
    {"Permission denied (", kRefusedIn, Cause::kAuthentication},
    {"HOST IDENTIFICATION HAS CHANGED", kBehindRefusal, Cause::kSsh},
    {"Host key verification failed", kRefusedIn, Cause::kSsh},
    {"host key is known for ", kRefusedIn, Cause::kSsh},
    {"Could not resolve hostname ", kConnection, Cause::kNoSuchName},
    {"connect to host ", kConnection, Cause::kHostUnreachable},
    {"during banner exchange", kConnection, Cause::kTimedOut},
    {"Timeout, server ", kConnection, Cause::kTimedOut},
    {"no matching ", kConnection, Cause::kNotTheProtocol},
    {"banner line ", kConnection, Cause::kNotTheProtocol},
    {"Bad remote protocol version", kConnection, Cause::kNotTheProtocol},
    {"Protocol major versions differ", kConnection, Cause::kNotTheProtocol},
    {"Bad packet length", kConnection, Cause::kNotTheProtocol},
    {"Bad configuration option", kConnection, Cause::kSsh},
    {"Can't open user config file", kConnection, Cause::kSsh},
    {"Bad owner or permissions on ", kConnection, Cause::kSsh},
    {"onnection closed by ", kEnded, Cause::kClosedEarly},
    {"onnection reset by ", kEnded, Cause::kClosedEarly},
    {"closed by remote host", kEnded, Cause::kClosedEarly},
    {"Broken pipe", kEnded, Cause::kClosedEarly},
    {"Disconnected from ", kEnded, Cause::kClosedEarly},
};

const Row* FindRow(std::string_view line) {
  const Row* best = nullptr;
  for (const Row& row : kRows) {
    if (Has(line, row.words) && (best == nullptr || row.rank > best->rank)) {
      best = &row;
    }
  }
  return best;
}

// "ssh: connect to host proxy.example port 22: Connection refused"
Failure ConnectFailure(std::string_view line) {
  const std::string_view place = Behind(line, "connect to host ");
  for (const ConnectWords& row : kConnectWords) {
    if (Has(place, row.words)) {
      // As if the relay had connected itself.
      Failure out = base::FromConnectErrno(row.error);
      out.set_detail(row.needs_words ? place : place.substr(0, place.find(": ")));
      return out;
    }
  }
  Failure out = base::FromConnectErrno(EHOSTUNREACH);
  out.set_detail(place);
  return out;
}

// Of a long line about a file the end: it has the path first, and then what is wrong.
std::string FileWords(std::string_view line) {
  constexpr std::string_view kCut = "...";
  const size_t room = Failure{}.detail.size() - 1;
  return line.size() <= room
             ? std::string(line)
             : std::string(kCut) + std::string(line.substr(line.size() - room + kCut.size()));
}

std::string HostKeyWords(std::string_view line, std::string_view host) {
  if (Has(line, "HOST IDENTIFICATION HAS CHANGED")) {
    return "the key of " + std::string(host) + " is not the one that was accepted before";
  }
  return "host key not verified: `ssh " + std::string(host) + "` once to accept it";
}

}  // namespace

std::optional<base::Failure> ChannelFailure(std::string_view line) {
  if (!line.starts_with("channel ") || !Has(line, kOpenFailed)) {
    return std::nullopt;
  }
  const std::string_view reason = Trimmed(Behind(line, kOpenFailed));
  if (!reason.starts_with(kConnectFailed)) {
    // "administratively prohibited: open failed": a rule of the server's, or it never forwards.
    return Make(Cause::kForbidden, Failure::Speaker::kHop, reason);
  }
  for (const ConnectWords& row : kConnectWords) {
    if (Has(reason, row.words)) {
      return Make(row.cause, Failure::Speaker::kTarget,
                  row.needs_words ? reason : std::string_view());
    }
  }
  // "Name or service not known" and its many relatives; or nothing at all.
  const std::string_view words = Behind(reason, ": ");
  return Make(Cause::kHostUnreachable, Failure::Speaker::kTarget, words.empty() ? reason : words);
}

void SshComplaint::Add(std::string_view line) {
  line = Trimmed(line);
  if (line.empty()) {
    return;
  }
  const Row* const row = FindRow(line);
  const int rank = row != nullptr ? row->rank : kAnything;
  // Of lines that nobody knows, the last is nearest to the end.
  if (rank > rank_ || (rank == kAnything && rank_ == kAnything)) {
    rank_ = rank;
    line_ = line;
  }
}

base::Failure SshComplaint::Conclude() const {
  if (line_.empty()) {
    return Make(Cause::kClosedEarly, Failure::Speaker::kHop, "ssh ended without a word");
  }
  const Row* const row = FindRow(line_);
  if (row == nullptr) {
    return Make(Cause::kSsh, Failure::Speaker::kHop, line_);
  }
  if (row->cause == Cause::kHostUnreachable) {
    return ConnectFailure(line_);
  }
  if (row->cause == Cause::kSsh && row->rank >= kRefusedIn) {
    return Make(row->cause, Failure::Speaker::kHop, HostKeyWords(line_, host_));
  }
  if (row->cause == Cause::kSsh) {
    return Make(row->cause, Failure::Speaker::kHop, FileWords(line_));
  }
  std::string_view detail = line_;
  if (row->rank == kRefusedIn) {
    detail = detail.substr(detail.find("Permission denied"));  // not user@host before it
  } else if (row->cause == Cause::kNoSuchName) {
    detail = Behind(detail, row->words);
  }
  return Make(row->cause, Failure::Speaker::kHop, detail);
}

}  // namespace relay
