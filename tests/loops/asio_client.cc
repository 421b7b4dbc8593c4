// asio_client COUNT HOST PORT: as libevent_client, on a standalone Asio context that two threads
// run.
#include <array>
#include <asio.hpp>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "loop_client.h"

namespace {

std::atomic<int> g_open = 0;
std::atomic<int> g_good = 0;
std::atomic<int> g_ticks = 0;

class Client : public std::enable_shared_from_this<Client> {
 public:
  explicit Client(asio::io_context& context) : context_(context), socket_(context) {}
  ~Client() {
    if (--g_open == 0) {
      context_.stop();
    }
  }

  void Start(const asio::ip::tcp::endpoint& target) {
    socket_.async_connect(target, [self = shared_from_this()](const asio::error_code& error) {
      if (!error) {
        self->Ping();
      }
    });
  }

 private:
  void Ping() {
    asio::async_write(socket_, asio::buffer("ping\n", 5),
                      [self = shared_from_this()](const asio::error_code& error, size_t) {
                        if (!error) {
                          self->Hear();
                        }
                      });
  }
  void Hear() {
    asio::async_read(socket_, asio::buffer(answer_),
                     [self = shared_from_this()](const asio::error_code& error, size_t) {
                       g_good += !error && self->answer_ == std::array{'p', 'i', 'n', 'g', '\n'};
                     });
  }

  asio::io_context& context_;
  asio::ip::tcp::socket socket_;
  std::array<char, 5> answer_{};
};

void Tick(asio::steady_timer& timer) {
  timer.expires_after(std::chrono::milliseconds(kTickMs));
  timer.async_wait([&timer](const asio::error_code& error) {
    if (!error) {
      ++g_ticks;
      Tick(timer);
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  const Wish wish = ReadWish(argc, argv);
  asio::io_context context;
  asio::steady_timer timer(context);
  asio::ip::tcp::endpoint target;
  target.resize(wish.address->ai_addrlen);
  std::memcpy(target.data(), wish.address->ai_addr, wish.address->ai_addrlen);
  Tick(timer);
  g_open = wish.count;
  std::thread other([&] { context.run(); });
  for (int i = 0; i < wish.count; ++i) {
    std::make_shared<Client>(context)->Start(target);
  }
  context.run();
  other.join();
  Conclude(&wish, g_good, g_ticks);
  return 0;
}
