// A SOCKS5 proxy on loopback that does as told, and echoes what comes through its tunnels.
#ifndef GOCHAIN_TESTS_UNIT_SUPERVISOR_SCRIPTED_PROXY_H_
#define GOCHAIN_TESTS_UNIT_SUPERVISOR_SCRIPTED_PROXY_H_

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace supervisor {

class ScriptedProxy {
 public:
  ScriptedProxy() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.get(), plain, size) == 0 && listen(listener_.get(), 256) == 0 &&
        getsockname(listener_.get(), plain, &size) == 0) {
      port_ = ntohs(address.sin_port);
    }
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~ScriptedProxy() {
    stopping_ = true;
    shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (std::thread& tunnel : tunnels_) {
      tunnel.join();
    }
  }

  std::string url() const { return "socks5://127.0.0.1:" + std::to_string(port_); }

  std::atomic<int> greeting_delay_ms{0};
  std::atomic<int> delay_ms{0};  // before the reply
  std::atomic<uint8_t> reply{0};
  std::atomic<int> opened{0};  // connections so far, and how many of them the program has closed
  std::atomic<int> asked{0};   // of those opened, for a connection to somewhere
  std::atomic<int> closed{0};
  std::atomic<int> carried{0};  // bytes that came through tunnels

  bool WaitForClosed(int count, int timeout_ms) {
    for (int waited = 0; waited < timeout_ms && closed < count; waited += 10) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return closed >= count;
  }

 private:
  void Accept() {
    for (;;) {
      const int client = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) {
        return;
      }
      ++opened;
      tunnels_.emplace_back([this, client] {
        Serve(client);
        close(client);  // libc's, which ThreadSanitizer sees
      });
    }
  }

  void Wait(int ms) const {
    for (int waited = 0; waited < ms && !stopping_; waited += 10) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  void Serve(int client) {
    timeval patience{0, 50000};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char data[512];
    for (int step = 0; !stopping_;) {
      const ssize_t size = recv(client, data, sizeof data, 0);
      if (size < 0 && errno == EAGAIN) {
        continue;
      }
      if (size <= 0) {
        ++closed;
        return;
      }
      if (step == 0) {
        Wait(greeting_delay_ms);
        send(client, "\5\0", 2, MSG_NOSIGNAL);
      } else if (step == 1) {
        ++asked;
        Wait(delay_ms);
        const char answer[] = {5, static_cast<char>(reply.load()), 0, 1, 0, 0, 0, 0, 0, 0};
        send(client, answer, sizeof answer, MSG_NOSIGNAL);
      } else {
        carried += static_cast<int>(size);
        send(client, data, static_cast<size_t>(size), MSG_NOSIGNAL);
      }
      ++step;
    }
  }

  base::Fd listener_;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
  std::vector<std::thread> tunnels_;
};

}  // namespace supervisor

#endif  // GOCHAIN_TESTS_UNIT_SUPERVISOR_SCRIPTED_PROXY_H_
