// FlightTrials: finds out, on connections that no program is given, what the proxies of a run stand
// (chain/pipelining.h), and keeps it for later runs. In process S, on a thread of its own.
//
// A program's dial leaves its path in the session once it is up and something of it isn't known.
// The trial sends all in one flight, and asks the last hop for port 0 of its own machine, where
// nothing can be: any answer shows that the message was read, and nobody is connected to.
#ifndef GOCHAIN_PROCESS_FLIGHT_TRIALS_H_
#define GOCHAIN_PROCESS_FLIGHT_TRIALS_H_

#include <string>
#include <utility>

#include "chain/flight_file.h"
#include "engine/session.h"

namespace process {

class FlightTrials {
 public:
  // REQUIRES: `session` and this live as long as the process.
  FlightTrials(engine::Session& session, std::string cache_folder)
      : session_(session), file_(std::move(cache_folder)) {}

  // Starts the thread, where there is anything to find out.
  void Start();
  // A trial is under way, or due.
  bool IsAtWork() const;
  // Gives such a trial a moment, and writes what is known.
  void Finish();

 private:
  static void Run(void* trials) { static_cast<FlightTrials*>(trials)->Loop(); }
  [[noreturn]] void Loop();
  bool Dial(const chain::Path& path);
  void Save();

  engine::Session& session_;
  const chain::FlightFile file_;
  bool is_running_ = false;
};

}  // namespace process

#endif  // GOCHAIN_PROCESS_FLIGHT_TRIALS_H_
