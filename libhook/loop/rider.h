// Rider: one dial that rides on the program's event loop: connect(2) said EINPROGRESS, and whoever
// waits for the descriptor, or touches it, brings the dial on.
//
// While it dials the descriptor is in none of the program's epoll sets; the entries are kept here,
// and go back in the end, so that the kernel reports what the program asked for, and no earlier.
// A failed dial stays until the program has been told (SO_ERROR, the next connect, read or write).
// Lives in a slot of the table (riders.h); all of it under the Guard.
#ifndef GOCHAIN_LOOP_RIDER_H_
#define GOCHAIN_LOOP_RIDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/attempt.h"
#include "loop/descriptors.h"

namespace loop {

// What a dial needs of the process that it rides in.
class Host : public engine::Means {
 public:
  // The dial on `fd` is up.
  virtual void Landed(int fd) = 0;

 protected:
  ~Host() = default;
};

// A dial that may ride.
struct Ticket {
  engine::Session& session;
  engine::Program& program;
  Host& host;
  const engine::Plan& plan;
  int fd;
  int domain;
};

class Rider {
 public:
  enum class State : uint8_t {
    kBoarding,  // its owner alone has it, without the guard
    kDialling,
    kUp,
    kFailed,   // error() has not been told yet
    kForeign,  // a forked child's view of a dial that is its parent's
  };

  explicit Rider(const Ticket& ticket);

  State state() const { return state_; }
  int error() const { return error_; }  // an errno; REQUIRES: kFailed

  // Of the dial, not locked: may look names up. Until SetOff() nobody else touches it.
  void Begin();
  // A dial that Begin() left under way rides from now on.
  void SetOff() { state_ = State::kDialling; }  // REQUIRES: kBoarding
  // Brings it on as far as that goes without waiting.
  void Drive(int64_t now_ms);
  // poll(2)'s events that bring it on. REQUIRES: kDialling
  short wanted_events() const;
  // When it wants to be driven whatever the descriptor does.
  int64_t wake_ms(int64_t now_ms);

  // The descriptors of the program that the dial's open file has.
  void AddDescriptor(int fd);
  // False where that was the last.
  bool RemoveDescriptor(int fd);
  int fd() { return attempt_.fd(); }
  std::span<const int> descriptors() const { return std::span(fds_).first(fd_count_); }

  struct Kept {
    int fd = -1;
    Entry entry;
  };
  // Takes `fd` out of the sets that it is known to be in. False: there are too many.
  bool TakeOut(int fd);
  void PutBack();  // into all of them
  std::span<Kept> kept() { return std::span(kept_).first(kept_count_); }
  Kept* FindKept(int set, int fd);
  bool Keep(int fd, const Entry& entry);
  void Drop(Kept* kept);

  // In a forked child. What the dial holds stays the parent's: it is never destroyed here.
  void BecomeForeign() {
    state_ = State::kForeign;
    is_foreign_ = true;
    kept_count_ = 0;
  }
  bool is_foreign() const { return is_foreign_; }
  // The socket is unconnected then.
  void Abandon();

 private:
  bool IsSameFile();
  void Conclude(int64_t now_ms);
  void LookAtParent(int64_t now_ms);

  static constexpr size_t kMaxKept = 8;
  static constexpr size_t kMaxDescriptors = 8;

  engine::Session& session_;
  Host& host_;
  const int64_t expires_ms_;
  uint64_t inode_ = 0;
  unsigned replacements_ = 0;
  State state_ = State::kBoarding;
  bool is_foreign_ = false;
  int error_ = 0;
  size_t fd_count_ = 0;
  std::array<int, kMaxDescriptors> fds_{};
  size_t kept_count_ = 0;
  std::array<Kept, kMaxKept> kept_;
  engine::Attempt attempt_;
};

}  // namespace loop

#endif  // GOCHAIN_LOOP_RIDER_H_
