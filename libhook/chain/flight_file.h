// FlightFile: what a FlightTable knows, kept between runs in a file of the user's cache folder.
//
// One record a proxy, by a hash of its type, host, port and user: the file tells nobody which
// proxies somebody uses. Records count for thirty days. Nothing here is ever an error: what can't
// be read, or is no such file, is no knowledge, and wrong records do no more than cost a connection
// some time. Read where a session is made; written by the launcher's supervisor alone.
#ifndef GOCHAIN_CHAIN_FLIGHT_FILE_H_
#define GOCHAIN_CHAIN_FLIGHT_FILE_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "chain/flight_table.h"
#include "config/config.h"

namespace chain {

struct FlightRecord {
  std::array<uint8_t, 16> proxy{};
  FlightTable::Answer own = FlightTable::Answer::kUnknown;
  FlightTable::Answer passes_on = FlightTable::Answer::kUnknown;
  protocol::Socks5Method method = protocol::Socks5Method::kUnknown;
  std::array<uint8_t, 5> reserved{};
  int64_t learned_s = 0;  // of the clock on the wall

  FlightTable::Knowledge knowledge() const { return {own, passes_on, method}; }
  friend bool operator==(const FlightRecord&, const FlightRecord&) = default;
};

// More are the oldest that make room.
inline constexpr size_t kMaxFlightRecords = 512;

// The good records of a file's bytes; none of what is no such file.
std::vector<FlightRecord> ReadFlightRecords(std::span<const uint8_t> bytes, int64_t now_s);
std::vector<uint8_t> WriteFlightRecords(std::span<const FlightRecord> records);

class FlightFile {
 public:
  // `folder` may be empty: there is no file.
  explicit FlightFile(std::string folder) : folder_(std::move(folder)) {}

  // Presets what is known of the proxies of `config`.
  void Load(const config::Config& config, int64_t now_s, FlightTable& table) const;
  // Adds what the run has learned of them since. False where nothing was to be written, or nothing
  // could be.
  bool Save(const config::Config& config, int64_t now_s, FlightTable& table) const;

 private:
  std::string folder_;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_FLIGHT_FILE_H_
