// Runs a piece of a program under the filter, in a child, with this process as its supervisor.
#ifndef GOCHAIN_TESTS_UNIT_SUPERVISOR_SUPERVISED_H_
#define GOCHAIN_TESTS_UNIT_SUPERVISOR_SUPERVISED_H_

#include <arpa/inet.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/fd_message.h"
#include "config/builder.h"
#include "engine/session.h"
#include "scripted_proxy.h"
#include "supervisor/filter.h"
#include "supervisor/supervisor.h"

// ThreadSanitizer holds signals back, and a child of a process with threads can't start its own.
#if defined(__SANITIZE_THREAD__)
#define SKIP_UNDER_THREAD_SANITIZER() GTEST_SKIP() << "not under ThreadSanitizer"
#else
#define SKIP_UNDER_THREAD_SANITIZER() \
  do {                                \
  } while (false)
#endif

// In the child: ends it with the line that doesn't hold.
#define REQUIRE(condition)       \
  do {                           \
    if (!(condition)) {          \
      return __LINE__ % 250 + 1; \
    }                            \
  } while (false)

namespace supervisor {

inline sockaddr_in V4(const char* address, uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  inet_pton(AF_INET, address, &out.sin_addr);
  return out;
}

inline int Connect(int fd, const sockaddr_in& address) {
  return connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// Sends a byte there and back.
inline bool Echoes(int fd) {
  char byte = 'x';
  return send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && recv(fd, &byte, 1, 0) == 1 && byte == 'x';
}

class Supervised {
 public:
  using Body = int (*)();

  Supervised(const ScriptedProxy& proxy, bool trap_sockets)
      : Supervised(proxy.url(), trap_sockets) {}
  Supervised(const std::string& proxy_url, bool trap_sockets) : trap_sockets_(trap_sockets) {
    config::Inputs inputs;
    inputs.proxy_urls = {proxy_url};
    const config::Built built = config::Build(inputs);
    engine::Settings settings;
    settings.log_level = engine::LogLevel::kOff;
    settings.supervised = true;
    auto created = engine::Session::Create(settings, built.image, built.lists);
    EXPECT_TRUE(created.ok());
    state_ = std::move(created->fd);
    session_ = std::make_unique<engine::Session>(created->session);
  }

  void Start(Body body) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    // Closed by libc's close, which ThreadSanitizer sees.
    child_ = fork();
    if (child_ == 0) {
      close(ends[0]);
      _exit(RunChild(ends[1], body));
    }
    close(ends[1]);
    char byte;
    base::Fd listener;
    ASSERT_TRUE(base::ReceiveMessage(ends[0], &byte, &listener) && listener.valid());
    supervisor_ = std::make_unique<Supervisor>(*session_, std::move(listener),
                                               Supervisor::Options{trap_sockets_});
    supervisor_->Start();
    ASSERT_EQ(write(ends[0], "g", 1), 1);
    close(ends[0]);
  }

  // The child's exit status: 0, or the line of the requirement that didn't hold; -1: a signal.
  int Wait() {
    int status = -1;
    EXPECT_EQ(waitpid(child_, &status, 0), child_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool AwaitConnections(int64_t timeout_ms) { return supervisor_->AwaitConnections(timeout_ms); }
  void WaitForTreeEnd() {
    supervisor_->WaitForTreeEnd();
    supervisor_.reset();
  }
  int Run(Body body) {
    Start(body);
    const int status = Wait();
    WaitForTreeEnd();
    return status;
  }

  pid_t child() const { return child_; }

 private:
  int RunChild(int parent, Body body) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    // With a cookie, to hand the listener over under the filter.
    constexpr uint64_t kCookie = 0x1122334455667788;
    const auto filter = BuildFilter({kCookie, trap_sockets_});
    REQUIRE(filter.ok());
    auto listener = InstallFilter(filter.value());
    REQUIRE(listener.ok());
    REQUIRE(base::SendMessage(parent, 'l', listener->get(), kCookie));
    listener->Reset();
    char go;
    REQUIRE(read(parent, &go, 1) == 1);
    return body();
  }

  const bool trap_sockets_;
  base::Fd state_;
  std::unique_ptr<engine::Session> session_;
  std::unique_ptr<Supervisor> supervisor_;
  pid_t child_ = -1;
};

// Runs `body` with a supervisor that is an ordinary user, as its program is.
inline int RunAsOrdinaryUser(bool trap_sockets, Supervised::Body body) {
  const pid_t user = fork();
  if (user == 0) {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 &&
        (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0)) {
      _exit(250);
    }
    prctl(PR_SET_DUMPABLE, 1);  // setuid(2) cleared it
    int status;
    {
      const ScriptedProxy proxy;
      status = Supervised(proxy, trap_sockets).Run(body);
    }
    _exit(status);
  }
  int status = -1;
  EXPECT_EQ(waitpid(user, &status, 0), user);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace supervisor

#endif  // GOCHAIN_TESTS_UNIT_SUPERVISOR_SUPERVISED_H_
