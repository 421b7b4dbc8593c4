// Process: what the library knows of the process it was loaded into.
//
// Made at the first call that needs it, and kept over fork. Without locks: every thread that comes
// while there is none makes one, one of them is published, the others are dropped. Reading it is
// async-signal-safe; making it is so under a launcher, while a library alone parses its config then
// and allocates.
#ifndef GOCHAIN_HOOKS_PROCESS_H_
#define GOCHAIN_HOOKS_PROCESS_H_

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/syscalls.h"
#include "engine/connector.h"
#include "engine/event_log.h"
#include "engine/session.h"
#include "engine/settings.h"

namespace hooks {

class Process final : public engine::Program {
 public:
  enum class Standing : uint8_t {
    kRouting,       // there is a session
    kSteppedBack,   // none, but the supervisor's filter catches what the real functions do
    kLoopbackOnly,  // none, and nobody behind: nothing but loopback connections may go out
  };

  static Process& Get();

  Standing standing() const { return standing_; }
  engine::Session& session() { return session_; }  // REQUIRES: standing() == kRouting
  // True where the session is this library's own: no launcher stands behind it.
  bool alone() const { return alone_; }
  // What other programs of this user have found out with the same rules is in the session's tables
  // from now on, and what this one does in theirs: under a launcher that is so at once, while a
  // library alone needs a broker for it. To be called before the first thing that others are to
  // know; costs nothing where it has been done.
  void ShareTables() {
    if (alone_ && !session_.borrows() && !shares_nothing_.load(std::memory_order_relaxed)) {
      FindBroker();
    }
  }
  // With whom a relay that is started here ends. REQUIRES: alone().
  pid_t relay_owner() const;
  // True where a supervisor's filter catches the calls that the library doesn't make itself.
  bool supervised() const {
    return standing_ == Standing::kSteppedBack ||
           (standing_ == Standing::kRouting && session_.settings().supervised);
  }
  // True where the supervisor keeps a duplicate of each socket until it sees it connected.
  bool sockets_trapped() const {
    return standing_ == Standing::kRouting && session_.settings().sockets_trapped;
  }
  // Lets calls of the library past the filter; 0: there is none.
  uint64_t cookie() const {
    return standing_ == Standing::kRouting ? session_.settings().cookie : 0;
  }
  int pid() override { return sys::Getpid(); }
  // Empty where /proc doesn't say.
  std::string_view exe() override { return {exe_.data(), exe_size_}; }
  engine::EventLog log() const;

 private:
  constexpr Process() = default;
  static Process* Make();
  static Process g_without_memory;

  void OpenSession();
  // Says so where the environment names other rules than the run's.
  void FindOtherRules();
  [[gnu::cold]] void SayOtherRules(const char* variable);
  // Not under a launcher: laid apart (layout.ld).
  [[gnu::cold]] void BuildSession();
  [[gnu::cold]] void FindBroker();
  void ReadExe();
  void Say(engine::LogLevel level, std::string_view message) const { log().Say(level, message); }

  Standing standing_ = Standing::kLoopbackOnly;
  bool alone_ = false;
  std::atomic<bool> shares_nothing_ = false;  // there is no broker
  std::atomic<pid_t> broker_ = 0;
  uint8_t exe_size_ = 0;
  std::array<char, 255> exe_{};  // NAME_MAX
  engine::Session session_;
  engine::Settings settings_;  // of a library alone, and for the log where there is no session
};

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_PROCESS_H_
