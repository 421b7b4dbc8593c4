// FlightTable: what a run knows of its proxies' patience, in a piece of the session's region that
// every process of the run shares: whether they take messages before they have answered those
// before (a "flight"). Lock-free; any thread; async-signal-safe.
//
// A word for each proxy, changed by compare-and-swap; and one place for the path that somebody
// wants to be tried on a connection that no program is given (the launcher's trials).
#ifndef GOCHAIN_CHAIN_FLIGHT_TABLE_H_
#define GOCHAIN_CHAIN_FLIGHT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "chain/path.h"
#include "protocol/step.h"

namespace chain {

class FlightTable {
 public:
  enum class Answer : uint8_t { kUnknown, kYes, kNo };
  // What a proxy may stand.
  enum class Feat : uint8_t {
    kOwnMessages,  // its own later messages behind its first
    kPassesOn,     // bytes for the next hop behind its request
  };

  // What is known of one proxy at one moment, and is kept between runs.
  struct Knowledge {
    Answer own = Answer::kUnknown;
    Answer passes_on = Answer::kUnknown;
    protocol::Socks5Method method = protocol::Socks5Method::kUnknown;

    Answer of(Feat feat) const { return feat == Feat::kOwnMessages ? own : passes_on; }
    bool is_empty() const { return *this == Knowledge{}; }
    friend bool operator==(const Knowledge&, const Knowledge&) = default;
  };

  // A proxy that stood a flight so lately is not doubted for being slow.
  static constexpr int64_t kSureMs = 60 * 1000;
  // Trials of a run that may come to nothing, a proxy.
  static constexpr unsigned kMaxTrials = 3;

  FlightTable() = default;
  // REQUIRES: RegionSize() bytes of zeros or of another view, aligned for uint64_t.
  FlightTable(std::span<uint8_t> region, size_t proxy_count);
  static size_t RegionSize(size_t proxy_count);

  Knowledge Of(size_t proxy) const;
  void Note(size_t proxy, Feat feat, bool stands);
  void NoteMethod(size_t proxy, protocol::Socks5Method method);  // kUnknown: it is none any more
  // Of another run; before this one notes anything.
  void Preset(size_t proxy, const Knowledge& knowledge);
  // This run has noted something new, and nobody has taken it to where it is kept.
  bool HasNews(size_t proxy) const;
  void TakeNews(size_t proxy);

  // Times are those of base::NowMs().
  bool IsSure(size_t proxy, int64_t now_ms) const;
  void SetSure(size_t proxy, int64_t now_ms);

  unsigned Trials(size_t proxy) const;
  void CountTrial(size_t proxy);

  // Leaves `path` to whoever waits in WaitForPath(); for nothing where another is there already.
  void AskForTrial(const Path& path);
  // Blocks. REQUIRES: one caller at a time, who calls EndTrial() then
  Path WaitForPath();
  void EndTrial();
  // There is a path that EndTrial() has not been called for.
  bool HasTrial() const;

 private:
  uint64_t* At(size_t proxy) const;
  uint64_t Load(size_t proxy) const;
  template <typename Change>
  void Update(size_t proxy, Change change);

  uint64_t* words_ = nullptr;
  size_t proxy_count_ = 0;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_FLIGHT_TABLE_H_
