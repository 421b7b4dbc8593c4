// Pipelining: which messages of one dial may go out before others are answered, and what it learns
// of that.
//
// A dial sends *flights*: all messages of one hop and, behind them, those of hops after it. What
// the hops stand is in the FlightTable; here is what one dial makes of it. A proxy that has lost a
// message can only be told by its silence, after an answer to the first: then the dial connects
// again and says everything one by one (TriesAgain). Did that come through in time, the proxy is
// noted as one that stands no flights.
//
// Plain value, no I/O, async-signal-safe, one thread at a time.
#ifndef GOCHAIN_CHAIN_PIPELINING_H_
#define GOCHAIN_CHAIN_PIPELINING_H_

#include <cstdint>

#include "chain/flight_table.h"
#include "chain/path.h"
#include "config/config.h"
#include "protocol/handshake.h"

namespace chain {

class Pipelining {
 public:
  // REQUIRES: `config` outlives it.
  Pipelining(const config::Config& config, const Path& path) : config_(&config), path_(path) {}

  // `is_trial`: what isn't known is tried. REQUIRES: `table` outlives it.
  void Share(FlightTable& table, bool is_trial) {
    table_ = &table;
    is_trial_ = is_trial;
  }

  // --- Before a flight. Hops are indexes of the path.

  // False: hop `hop` must be heard between its messages.
  bool MaySayAll(size_t hop) const;
  // Bytes for the next hop may be sent behind the request to `hop`.
  bool MayBeFollowed(size_t hop) const;
  // The method that SOCKS5 proxy `hop` will choose; kUnknown: nobody can say.
  protocol::Socks5Method MethodOf(size_t hop) const;

  // --- During one

  // All that the hops from `first` to before `end` are to hear has been sent.
  void Sent(size_t first, size_t end, int64_t now_ms);
  bool IsInFlight(size_t hop) const { return hop < end_; }
  // Bytes of `hop` have come: so those before it pass bytes on.
  void Heard(size_t hop, int64_t now_ms);
  // Past it the silence means that messages were lost.
  int64_t deadline_ms() const { return deadline_ms_; }
  // A flight's answers end here, well or not.
  void Over() { Reset(); }

  // --- Of every dial

  // The last byte for `hop`, which is said everything one by one, has been sent.
  void Asked(int64_t now_ms) { asked_ms_ = now_ms; }
  // The handshake with `hop` is over, with an answer to the last message or by a failure.
  void Ended(size_t hop, const protocol::Handshake& handshake, int64_t now_ms);
  // `hop` did not answer its last message. True: that may be for the flight's sake, and another
  // dial without any is to find out.
  enum class Loss : uint8_t { kSilent, kClosed };
  bool TriesAgain(size_t hop, Loss loss);
  // SOCKS5 proxy `hop` wants another method than it used to.
  void ForgetMethod(size_t hop);
  // --- Of trials

  // A bit for each hop that...
  struct Logins {
    uint16_t unsettled = 0;  // may yet ask for a login: nothing goes behind it
    uint16_t open = 0;       // will ask for one anew: it goes behind nothing
  };
  // The path is up: has it tried if that may be of use.
  void Up(const Logins& logins);
  // A trial of the path may find something out.
  bool NeedsTrial(const Logins& logins) const;
  // The same, and counts the trial.
  bool BeginTrial(const Logins& logins);

 private:
  using Feat = FlightTable::Feat;
  using Answer = FlightTable::Answer;

  const config::Proxy& ProxyAt(size_t hop) const { return path_.At(*config_, hop); }
  bool IsSocks5(size_t hop) const { return ProxyAt(hop).type == config::ProxyType::kSocks5; }
  bool Stands(size_t hop, Feat feat) const;
  bool IsLearned(size_t hop) const {
    return table_ != nullptr && ProxyAt(hop).pipeline == config::Pipeline::kAuto;
  }
  bool IsWorthATrial(size_t hop, const Logins& logins) const;
  bool MayLearn(size_t hop, Feat feat) const;
  bool IsDoubted(int64_t now_ms) const;
  void Note(size_t hop, Feat feat, bool stands, int64_t now_ms);
  void Reset();

  const config::Config* config_;
  Path path_;
  FlightTable* table_ = nullptr;
  bool is_trial_ = false;
  bool is_off_ = false;  // everything is said one by one

  // Of the flight.
  uint8_t first_ = 0;
  uint8_t end_ = 0;    // 0: there is none
  uint8_t heard_ = 0;  // hops before it have said something
  bool is_doubted_ = false;
  int64_t last_ms_ = 0;     // when something was sent or heard
  int64_t longest_ms_ = 0;  // that an answer took
  int64_t deadline_ms_ = INT64_MAX;

  // Of a dial without flights after one with.
  struct Suspect {
    uint8_t hop = 0;
    Feat feat = Feat::kOwnMessages;
    uint8_t silent_hop = 0;
    Loss loss = Loss::kSilent;
    int64_t within_ms = 0;  // 0: there is none
  };
  Suspect suspect_;
  int64_t asked_ms_ = 0;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_PIPELINING_H_
