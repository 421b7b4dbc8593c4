#include "relay/server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "relay/connection.h"
#include "relay/hop_services.h"

namespace relay {
namespace {

// Deep enough for getaddrinfo(3) with its modules, and for TLS; only what is touched costs memory.
constexpr size_t kStackSize = 512 * 1024;
// Descriptors or memory are all taken: until one connection ends the others wait in the queue.
constexpr int kBreathMs = 20;

bool IsExhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

bool StartDetached(void* (*run)(void*), void* argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackSize);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, run, argument) == 0;
  pthread_attr_destroy(&attributes);
  return started;
}

}  // namespace

struct Server::Task {
  Server& server;
  base::Fd program;
};

Server::Server(engine::Session& session, Listeners listeners, const protocol::RelayAccess& access)
    : listeners_(std::move(listeners)),
      access_(access),
      dialer_(session),
      idle_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void* Server::ServeTask(void* task) {
  const std::unique_ptr<Task> own(static_cast<Task*>(task));
  Server& server = own->server;
  Serve(std::move(own->program), server.access_, server.dialer_);
  server.End();
  return nullptr;
}

void Server::Begin() {
  const std::lock_guard lock(mutex_);
  ++count_;
}

// Under the lock to the end: who has seen the last connection end may destroy the server.
void Server::End() {
  const std::lock_guard lock(mutex_);
  if (--count_ == 0) {
    const uint64_t one = 1;
    sys::Write(idle_.get(), &one, sizeof one);
  }
}

bool Server::is_idle() {
  const std::lock_guard lock(mutex_);
  return count_ == 0;
}

void Server::Accept(int listener) {
  const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (accepted < 0) {
    if (IsExhaustion(errno)) {
      sys::Poll(nullptr, 0, kBreathMs);
    }
    return;
  }
  auto task = std::make_unique<Task>(Task{*this, base::Fd(accepted)});
  Begin();
  if (StartDetached(ServeTask, task.get())) {
    (void)task.release();
  } else {
    End();
  }
}

void Server::Run(Owner& owner) {
  bool owned = true;
  while (owned || !is_idle()) {
    pollfd watched[] = {{listeners_.v4.get(), POLLIN, 0},
                        {listeners_.v6.get(), POLLIN, 0},
                        {owned ? owner.fd() : -1, POLLIN, 0},
                        {idle_.get(), POLLIN, 0}};
    if (sys::Poll(watched, std::size(watched), -1) < 0) {
      continue;
    }
    for (size_t i = 0; i < 2; ++i) {
      if (watched[i].revents != 0) {
        Accept(watched[i].fd);
      }
    }
    if (watched[2].revents != 0) {
      owned = owner.Hear();
    }
    if (watched[3].revents != 0) {
      uint64_t times;
      sys::Read(idle_.get(), &times, sizeof times);
    }
  }
  StopSsh();
}

}  // namespace relay
