// Dial: one connection on its way through a chain, as a resumable state machine.
//
// A dial works on a descriptor it does not own and whose status flags it never writes. The
// connect(2) to the first address is the caller's (a blocking and a non-blocking socket need
// different ways); all the rest is here, by raw send and recv with MSG_DONTWAIT|MSG_NOSIGNAL. So a
// blocking caller loops on it with poll(2), and an event loop resumes it whenever the descriptor is
// ready.
//
// A hop that NeedsRelay is the relay's: a program's own dial goes to the relay's port and asks it
// for the whole path (GoThroughRelay). The relay runs a dial of the same path over streams that it
// changes on the way, when a state says so.
//
// What hops are known to stand goes out in one piece (Pipelining): a *flight* of all messages of a
// hop and of those behind it, whose answers are then read hop by hop.
//
// States in wire order: kConnect → for each hop [kWantTls] [kWantToken] (kWantWrite | kWantRead)*,
// or kWantSsh → kDone; any → kFailed. From (kWantWrite | kWantRead) also → kReconnect, by Advance()
// or TimeOut(): an HTTP proxy has asked for credentials and ended the connection, or a flight was
// lost. The caller connects to the first hop again, with Restart() before Start(). Plain value of
// some 9 KB, no allocation, async-signal-safe, one thread at a time.
#ifndef GOCHAIN_CHAIN_DIAL_H_
#define GOCHAIN_CHAIN_DIAL_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/endpoint.h"
#include "base/failure.h"
#include "chain/auth_table.h"
#include "chain/flight.h"
#include "chain/flight_table.h"
#include "chain/path.h"
#include "chain/pipelining.h"
#include "chain/stream.h"
#include "config/config.h"
#include "protocol/handshake.h"

namespace chain {

class Dial {
 public:
  enum class State : uint8_t {
    kConnect,
    kWantTls,    // the relay puts TLS on top of the stream, then TlsUp()
    kWantToken,  // the relay gets a token for the hop, then SetNegotiateToken()
    kWantSsh,    // the relay gets a stream from the hop to next_stop(), then SshUp()
    kWantRead,
    kWantWrite,
    kReconnect,
    kDone,
    kFailed,
  };

  // With an empty path the dial is the connect alone. `target` is what the last hop is asked for.
  // REQUIRES: `config` outlives the dial.
  Dial(const config::Config& config, const Path& path, const base::Endpoint& target);

  // The path is left to the relay, which is what Connected() then tells of. REQUIRES: state() ==
  // kConnect, before Start(); `access` outlives the dial.
  void GoThroughRelay(const protocol::RelayAccess& access) { relay_ = &access; }

  // The dial must be over by then, whatever each hop may take; `name` is for the failure, and
  // outlives the dial.
  void LimitTo(int64_t limit_ms, std::string_view name) {
    limit_ms_ = limit_ms;
    limit_name_ = name;
  }

  // What other dials have learned of the hops' wishes, and where this one's is noted. REQUIRES:
  // state() == kConnect; `table` outlives the dial.
  void ShareLogins(AuthTable& table) { logins_ = &table; }

  // What hops are known to stand, likewise. A dial without it sends flights where the rules say so.
  void ShareFlights(FlightTable& table) { pipelining_.Share(table, false); }
  // The dial is there to find out what hops stand: it tries what isn't known. False where there is
  // nothing to find out. REQUIRES: ShareLogins() before
  bool TryFlights(FlightTable& table);

  State state() const { return state_; }

  // The connect to the first hop succeeded (error 0), or failed with an errno.
  void Connected(int error, int64_t now_ms);  // REQUIRES: state() == kConnect

  // The same with a connection that was made before, and of SOCKS5 greeted by that method. One that
  // turns out to be dead ends in kReconnect.
  void ConnectedBefore(protocol::Socks5Method greeted, int64_t now_ms);

  // → kConnect. REQUIRES: state() == kReconnect, and a fresh connection is to come.
  void Restart();

  // For the relay, in the place of Connected(): where the path has an ssh hop, the last of them and
  // what is before it are one stream to where that hop leads. → kWantSsh there, or false.
  bool StartAtSsh(int64_t now_ms);
  void TlsUp();                                   // REQUIRES: state() == kWantTls
  void SetNegotiateToken(std::string_view text);  // REQUIRES: state() == kWantToken; it is kept
  void SshUp(int64_t now_ms);                     // REQUIRES: state() == kWantSsh
  // Where the hop at work leads: the next hop or the target. REQUIRES: state() == kWantSsh
  const base::Endpoint& next_stop() const { return *next_stop_; }

  // Goes on as far as it can without waiting. REQUIRES: state() is kWantRead or kWantWrite.
  State Advance(Stream& stream, int64_t now_ms);
  State Advance(int fd, int64_t now_ms);  // over the socket as it is

  // When the hop at work must have answered (connect_timeout, counted from each hop's start), or a
  // flight is taken for lost.
  int64_t deadline_ms() const { return std::min(deadline_ms_, pipelining_.deadline_ms()); }
  void Start(int64_t now_ms);               // starts the first hop's time; before the connect
  void TimeOut();                           // the deadline has passed: → kFailed or kReconnect
  void Fail(const base::Failure& failure);  // → kFailed; the hop at work is filled in
  void FailAt(uint8_t hop, const base::Failure& failure);

  const base::Failure& failure() const { return failure_; }  // REQUIRES: state() == kFailed
  size_t hop() const { return hop_; }                        // the hop at work
  const Path& path() const { return path_; }
  // How long the relay's connect to the first hop took, also where the dial failed later. 0:
  // unknown.
  uint32_t relay_connect_us() const {
    const protocol::RelayClient* const relay = handshake_ ? handshake_->relay() : nullptr;
    return relay != nullptr ? relay->connect_us() : 0;
  }

 private:
  uint32_t RelayBudgetMs(int64_t now_ms) const;
  void AskRelay();
  void EnterHop();
  void AskForToken();
  void StartHandshake();
  void MakeHandshake(size_t hop, const base::Endpoint& next_stop, bool may_hear_challenges);
  // What a login to hop `hop`, an HTTP proxy, will take.
  enum class Login : uint8_t {
    kSettled,  // what is sent now
    kUnasked,  // the proxy may ask for it, or not
    kOpen,     // it depends on what the proxy says
  };
  Login LoginTo(size_t hop);
  Pipelining::Logins Logins();
  // Packs what may go out in one piece from hop_ on; nothing where that is but one message.
  void PackFlight();
  protocol::Ahead AheadOf(size_t hop) const;
  void EndHandshake(int64_t now_ms);
  void FinishHop(int64_t now_ms);
  bool WasGreeted(size_t hop) const {
    return hop == 0 && greeted_ != protocol::Socks5Method::kUnknown;
  }
  // This dial was asked by hop `hop` itself, before it connected again.
  bool IsLearnedAt(size_t hop) const { return learned_.asked > 0 && learned_hop_ == hop; }
  protocol::HttpMemory KnownLogin(size_t hop);
  void NoteLogin();
  void AskToReconnect();
  // Both return true where something happened, so that it makes sense to go on.
  bool SendFlight(Stream& stream, int64_t now_ms);
  bool SendSome(Stream& stream, int64_t now_ms);
  bool ReceiveSome(Stream& stream, int64_t now_ms);
  bool GoesOnAfter(long error);
  // Fails at the hop at work, which may be silent because of what is behind it.
  void FailInSilence(const base::Failure& failure, bool awaits_answer);

  const config::Config* config_;
  Path path_;
  base::Endpoint target_;
  State state_ = State::kConnect;
  uint8_t hop_ = 0;
  int64_t deadline_ms_ = 0;
  int64_t limit_ms_ = INT64_MAX;
  std::string_view limit_name_;
  uint32_t relay_budget_ms_ = 0;
  const protocol::RelayAccess* relay_ = nullptr;
  std::optional<base::Endpoint> next_stop_;
  std::string_view negotiate_token_;
  std::optional<protocol::Handshake> handshake_;
  Pipelining pipelining_;
  Flight flight_;
  bool is_ready_ = false;  // the connection was made before, and nothing has come of it yet
  protocol::Socks5Method greeted_ = protocol::Socks5Method::kUnknown;  // the first hop
  uint8_t flight_end_ = 0;      // hops before it have been packed
  uint16_t with_password_ = 0;  // of those, a bit for each that is sent its password
  AuthTable* logins_ = nullptr;
  uint8_t reconnects_ = 0;
  uint8_t learned_hop_ = 0;
  protocol::HttpMemory learned_;  // by learned_hop_, before a reconnect; or asked == 0
  base::Failure failure_;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_DIAL_H_
