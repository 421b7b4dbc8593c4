// Clients: the thread that takes the clients of a listening socket and hears what they want; and
// that waits until those who were told no have heard it.
//
// A client costs a descriptor until it has said what it wants, and has only so long for that; less
// where there is no room for more, while the others wait in the kernel's queue.
#ifndef GOCHAIN_LISTENER_CLIENTS_H_
#define GOCHAIN_LISTENER_CLIENTS_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "listener/handshake.h"
#include "listener/request.h"

namespace listener {

class Clients {
 public:
  // Who goes on with them. On the thread of the clients.
  class Taker {
   public:
    // A connection that has just come: shall it be heard?
    virtual bool Admits(int client) = 0;
    // Is there room for one more, with so many that are heard?
    virtual bool HasRoom(size_t heard) = 0;
    // Nothing beyond the request has been read of `client`.
    virtual void Requested(base::Fd client, Request request) = 0;

   protected:
    ~Taker() = default;
  };

  struct Patience {
    int64_t request_ms = 30 * 1000;  // for what a client wants; browsers connect ahead
    int64_t crowded_ms = 1000;       // for the same, where others wait
    int64_t leave_ms = 2 * 1000;     // for those who were told no
  };

  // `socket` listens, and doesn't block. `taker` outlives the thread.
  Clients(base::Fd socket, Taker& taker, const Patience& patience)
      : socket_(std::move(socket)), taker_(taker), patience_(patience) {}
  ~Clients() { Stop(); }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Once; false where there is no room for the thread.
  bool Start();
  // Nobody comes any more, and those who are here are gone. Waits for the thread.
  void Stop();

  // Closes `client` once what it was sent has reached it. Any thread.
  void Dismiss(base::Fd client);

 private:
  struct Client {
    base::Fd fd;
    int64_t until_ms = 0;
    bool leaves = false;
    Handshake handshake;
  };

  static void RunThread(void* clients) { static_cast<Clients*>(clients)->Run(); }
  void Run();
  int Patient() const;
  void Wake();
  void Accept();
  void PauseAccepting(int64_t for_ms);
  void TakeDismissed();
  void Enter(base::Fd fd, bool leaves);
  void Serve(int fd);
  bool Hear(Client& client);
  bool Discard(Client& client);
  void EndPatience();

  base::Fd socket_;
  Taker& taker_;
  const Patience patience_;
  base::Fd epoll_;
  base::Fd wake_;
  // The thread's own.
  std::unordered_map<int, std::unique_ptr<Client>> clients_;
  int64_t look_at_ms_ = 0;    // for those whose time is over
  int64_t accept_at_ms_ = 0;  // 0: now

  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<base::Fd> dismissed_;
  bool running_ = false;
  bool stopping_ = false;
};

}  // namespace listener

#endif  // GOCHAIN_LISTENER_CLIENTS_H_
