#include "relay/negotiation.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "base/fd.h"

namespace relay {
namespace {

// RFC 4648 §4.
std::string Base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto byte_at = [&](size_t i) -> uint32_t {
    return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0;
  };
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t group = byte_at(i) << 16 | byte_at(i + 1) << 8 | byte_at(i + 2);
    out += kAlphabet[group >> 18];
    out += kAlphabet[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[group & 63] : '=';
  }
  return out;
}

// Deep enough for libkrb5 and the getaddrinfo(3) that it calls; only what is touched costs memory.
constexpr size_t kStackSize = 512 * 1024;

// Detached, and with all signals blocked: false where the system has no room for a thread.
bool StartThread(void* (*run)(void*), void* argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackSize);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, run, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

base::Failure LocalFailure(int error) {
  base::Failure out;
  out.cause = base::Cause::kLocal;
  out.code = static_cast<uint16_t>(error);
  return out;
}

}  // namespace

struct Negotiation::Work {
  std::string host;
  GssToken (*make)(const std::string& host);
  base::Fd event;
  std::string token;
  base::Failure failure;
  std::atomic<bool> done = false;  // what stands above is written before
};

Negotiation::Negotiation(std::string_view host, GssToken (*make)(const std::string& host))
    : work_(std::make_shared<Work>()) {
  work_->host = host;
  work_->make = make;
  work_->event.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!work_->event) {
    work_->failure = LocalFailure(errno);
    work_->done = true;
    return;
  }
  auto share = std::make_unique<std::shared_ptr<Work>>(work_);
  if (StartThread(Run, share.get())) {
    (void)share.release();
    return;
  }
  work_->failure = LocalFailure(EAGAIN);
  work_->done = true;
  eventfd_write(work_->event.get(), 1);
}

Negotiation::~Negotiation() = default;

void* Negotiation::Run(void* argument) {
  const std::unique_ptr<std::shared_ptr<Work>> share(static_cast<std::shared_ptr<Work>*>(argument));
  Work& work = **share;
  const GssToken made = work.make(work.host);
  work.token = Base64(made.bytes);
  if (made.bytes.empty()) {
    work.failure.cause = base::Cause::kAuthentication;
    work.failure.set_detail("Kerberos: " + made.trouble);
  }
  work.done.store(true, std::memory_order_release);
  eventfd_write(work.event.get(), 1);
  return nullptr;
}

int Negotiation::fd() const { return work_->event.get(); }

bool Negotiation::done() const { return work_->done.load(std::memory_order_acquire); }

std::string_view Negotiation::token() const { return work_->token; }

const base::Failure& Negotiation::failure() const { return work_->failure; }

}  // namespace relay
