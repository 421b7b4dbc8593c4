#include "relay/ssh_keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/clock.h"

namespace relay {
namespace {

using base::Fd;

constexpr char kDoorOption[] = "--library-relay-connect";

base::Failure Local(int error) {
  return {.cause = base::Cause::kLocal, .code = static_cast<uint16_t>(error)};
}

std::string OwnPath() {
  std::array<char, 4096> buffer;
  const long size = sys::Readlink("/proc/self/exe", buffer.data(), buffer.size());
  return size > 0 ? std::string(buffer.data(), static_cast<size_t>(size)) : std::string();
}

}  // namespace

bool SshKeeper::Begin(HopFailure* failed) {
  failed->hop = settings_.hop;
  failed->failure = Launch();
  if (failed->failure) {
    return false;
  }
  while (!folder_.TakeSocket()) {
    if (!WaitForNews(failed)) {
      process_.Stop();
      return false;
    }
  }
  news_.Reset();
  door_ = {};
  return true;
}

base::Failure SshKeeper::Launch() {
  if (const int error = folder_.Make(); error != 0) {
    return Local(error);
  }
  news_.Reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!news_ ||
      inotify_add_watch(news_.get(), folder_.path().c_str(), IN_CREATE | IN_MOVED_TO) < 0) {
    return Local(errno);
  }
  std::string proxy_command;
  if (settings_.dial_before) {
    if (const int error = door_.Open(folder_.door_path()); error != 0) {
      return Local(error);
    }
    proxy_command = ProxyCommand(OwnPath(), kDoorOption, folder_.door_path());
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return Local(errno);
  }
  Fd log(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  log_.Open(Fd(ends[0]));
  const int error = process_.Start(
      settings_.program, MasterArguments(settings_.target, folder_.socket_path(), proxy_command),
      SshEnvironment(environ), std::move(log));
  deadline_ms_ = base::NowMs() + settings_.timeout_ms;
  if (error == 0) {
    return {};
  }
  process_.Stop();
  base::Failure failure{.cause = base::Cause::kSsh, .code = static_cast<uint16_t>(error)};
  failure.set_detail(error == ENOENT ? settings_.program + " is not installed"
                                     : settings_.program + " can't be run");
  return failure;
}

bool SshKeeper::WaitForNews(HopFailure* failed) {
  const int64_t left_ms = std::clamp<int64_t>(deadline_ms_ - base::NowMs(), 0, INT32_MAX);
  pollfd watched[] = {{stop_, POLLIN, 0},
                      {process_.fd(), POLLIN, 0},
                      {log_.fd(), POLLIN, 0},
                      {news_.get(), POLLIN, 0},
                      {door_.fd(), POLLIN, 0}};
  const int ready = sys::Poll(watched, std::size(watched), static_cast<int>(left_ms));
  if (ready == -EINTR) {
    return true;
  }
  if (ready < 0 || watched[0].revents != 0) {
    failed->failure = {};
    return false;
  }
  if (ready == 0) {
    failed->failure = {.cause = base::Cause::kTimedOut};
    return false;
  }
  const bool log_open = log_.Read(base::NowMs());
  if (watched[1].revents != 0 || !log_open) {
    *failed = before_.failure ? before_ : HopFailure{settings_.hop, log_.Conclude()};
    return false;
  }
  if (watched[3].revents != 0) {
    std::array<char, 4096> events;
    (void)sys::Read(news_.get(), events.data(), events.size());
  }
  if (watched[4].revents != 0) {
    AnswerDoor();
  }
  return true;
}

void SshKeeper::AnswerDoor() {
  const auto caller = door_.Take();
  if (!caller) {
    return;
  }
  const Fd connection = settings_.dial_before(caller->wanted, patience_, &before_);
  SshDoor::Answer(*caller, connection.get());
  deadline_ms_ = base::NowMs() + settings_.timeout_ms;
}

void SshKeeper::Keep() {
  for (;;) {
    pollfd watched[] = {{stop_, POLLIN, 0}, {process_.fd(), POLLIN, 0}, {log_.fd(), POLLIN, 0}};
    const int ready = sys::Poll(watched, std::size(watched), -1);
    if (ready == -EINTR) {
      continue;
    }
    if (ready < 0 || watched[0].revents != 0 || watched[1].revents != 0 ||
        !log_.Read(base::NowMs())) {
      break;
    }
  }
  process_.Stop();
}

}  // namespace relay
