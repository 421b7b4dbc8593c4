// ReadyPool: a few connections to first hops, open and past the greeting, for dials that then have
// two round trips less.
//
// Where the rules name a number the first are made while COMMAND is still loading, for the hop that
// the default route begins with; all others where programs dial more than once: one that was taken
// is made up for when a second dial shows that there are more. A hop that is so near that nothing
// is gained has only what the rules ask for. A connection that nobody took in
// time is closed, sooner than the proxy would: how long it waits is learned where it doesn't.
// Nothing is said of failures: dials find them out. One thread of its own; Take() may be called by
// any.
#ifndef GOCHAIN_SUPERVISOR_READY_POOL_H_
#define GOCHAIN_SUPERVISOR_READY_POOL_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/fd.h"
#include "engine/session.h"
#include "protocol/socks5_client.h"

namespace supervisor {

class ReadyPool {
 public:
  // How long a connection waits at most: shorter than any proxy's patience that we know (dante's 30
  // seconds).
  static constexpr int64_t kLifetimeMs = 20000;
  // How long after the last dial there are new ones.
  static constexpr int64_t kInterestMs = 30000;

  explicit ReadyPool(engine::Session& session);
  ~ReadyPool();

  void Start();  // once; nothing happens where no first hop wants any

  struct Ready {
    base::Fd socket;
    protocol::Socks5Method method = protocol::Socks5Method::kUnknown;  // of SOCKS5
  };
  // A connection to proxy number `proxy`, of `domain`; or none.
  std::optional<Ready> Take(uint16_t proxy, int domain);

 private:
  enum class State : uint8_t { kConnecting, kGreeting, kReady };
  struct Entry {
    uint16_t proxy;
    State state;
    int domain;
    base::Fd socket;
    std::optional<protocol::Socks5Client> greeting;
    int64_t began_us;
    int64_t since_ms;  // in that state
    int64_t until_ms;
  };
  // What is known of one proxy.
  struct Hop {
    unsigned pool = 0;       // how many are wanted; none once it is found to be too near
    int64_t wanted_ms = -1;  // when somebody last did; -1: never
    uint64_t asked = 0;      // how often; 1 before anybody did where no number is named
    int64_t lifetime_ms = kLifetimeMs;
    int64_t retry_ms = 0;  // not before
    int64_t pause_ms = 0;
  };

  static void RunThread(void* pool);
  void Run();
  unsigned Wanted(const Hop& hop, int64_t now_ms) const;
  void Fill(int64_t now_ms);
  bool Open(uint16_t proxy, int64_t now_ms);
  bool Serve(Entry& entry, short events, int64_t now_ms);
  bool Greet(Entry& entry, int64_t now_ms);
  bool BecomeReady(Entry& entry, int64_t now_ms);
  void Failed(uint16_t proxy, int64_t now_ms);
  void Count();

  engine::Session& session_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<Hop> hops_;
  std::vector<Entry> entries_;
  base::Fd wake_;
  bool running_ = false;
  bool stopping_ = false;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_READY_POOL_H_
