// PathChoice: which paths one dial takes through its route, and what their outcomes tell the whole
// run of the hops' health; with log lines where a hop dies or works again.
//
// A route with one path has no choice and no health: it costs nothing here. Lives for one dial, on
// its thread; async-signal-safe.
#ifndef GOCHAIN_ENGINE_PATH_CHOICE_H_
#define GOCHAIN_ENGINE_PATH_CHOICE_H_

#include <array>
#include <cstdint>
#include <optional>

#include "base/failure.h"
#include "chain/fault.h"
#include "chain/path.h"
#include "chain/selector.h"
#include "engine/session.h"

namespace engine {

// What a dial asks from time to time while it waits.
class Doubt {
 public:
  static constexpr int64_t kEveryMs = 100;

  // A hop of the dial's path has been found dead by another dial meanwhile, and there are others:
  // to wait for it is time lost.
  virtual bool IsLost() = 0;

 protected:
  ~Doubt() = default;
};

class PathChoice final : public Doubt {
 public:
  // The dial is over at `deadline_ms`. REQUIRES: `route` is a proxy or a chain; the session
  // outlives the choice.
  PathChoice(const Session& session, config::Route route, int64_t deadline_ms);
  ~PathChoice();
  PathChoice(const PathChoice&) = delete;
  PathChoice& operator=(const PathChoice&) = delete;

  // The next path to try. False: there is none left.
  bool Next(chain::Path* out);
  // When the dial of that path must be over. Early where a hop of it was silent in another one: if
  // it works it answers soon, and if it doesn't it has had its time.
  int64_t limit_ms() const { return limit_ms_; }
  // The path failed so. True where another may do.
  bool GoesOnAfter(const base::Failure& failure);
  // The path's first hop took the connection in that time, whatever came of the rest. 0: it
  // didn't, or nobody knows. Before GoesOnAfter() and Up().
  void Connected(uint32_t connect_us);
  // The path is up.
  void Up();

  // Of the path at work; nullptr where nobody else's dials say anything of it.
  Doubt* doubt() { return selector_ ? this : nullptr; }
  bool IsLost() override;

 private:
  // A hop that was silent, or had a silent one before it.
  struct Suspect {
    uint16_t proxy;
    uint16_t silent;  // the hop that was
    chain::HealthTable::Sight seen;
    base::Cause cause;
    chain::Path carriers;  // the hops before it
    bool in_haste = false;
  };

  void Blame(uint16_t proxy, chain::HealthTable::Sight seen, const base::Failure& failure,
             std::string_view says);
  void Suspected(const base::Failure& failure);
  bool WasSilent(uint16_t proxy) const;
  bool is_in_haste() const { return limit_ms_ < deadline_ms_; }
  void Absolve(uint16_t silent);
  void Explain(uint16_t dead);
  void Clear(uint16_t proxy);
  [[gnu::cold]] void Say(uint16_t proxy, const base::Failure& failure, std::string_view says) const;

  const Session& session_;
  const config::Route route_;
  const int64_t deadline_ms_;
  chain::Path path_;  // at work
  bool begun_ = false;
  int64_t limit_ms_;
  std::optional<uint16_t> lost_;
  std::optional<chain::Selector> selector_;  // where there is a choice
  std::array<Suspect, config::kMaxHops> suspects_;
  size_t suspect_count_ = 0;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_PATH_CHOICE_H_
