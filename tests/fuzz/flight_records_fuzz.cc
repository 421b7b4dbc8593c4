// The file of what proxies stand, with anything written to it: each record that is taken could have
// been written, and comes back as it was.
#include "chain/flight_file.h"
#include "handshake_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kNowS = 1'800'000'000;
  const std::vector<uint8_t> bytes(data, data + size);
  const auto records = chain::ReadFlightRecords(bytes, kNowS);
  fuzz::Require(records.size() <= chain::kMaxFlightRecords, "no more than are kept");
  for (const chain::FlightRecord& record : records) {
    fuzz::Require(record.own <= chain::FlightTable::Answer::kNo &&
                      record.passes_on <= chain::FlightTable::Answer::kNo &&
                      record.method <= protocol::Socks5Method::kPassword,
                  "a value that there is");
    fuzz::Require(record.learned_s <= kNowS, "nothing from days to come");
  }
  const auto written = chain::WriteFlightRecords(records);
  fuzz::Require(chain::ReadFlightRecords(written, kNowS) == records,
                "what was read can be written");
  return 0;
}
