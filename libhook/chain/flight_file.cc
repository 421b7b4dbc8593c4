#include "chain/flight_file.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/clock.h"
#include "base/private_folder.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "protocol/hash.h"

namespace chain {
namespace {

using Answer = FlightTable::Answer;
using protocol::Socks5Method;

static_assert(std::is_trivially_copyable_v<FlightRecord> && sizeof(FlightRecord) == 32);

constexpr const char* kName = "pipelining";
// "gochain" and a number that changes with the layout and the hash.
constexpr uint64_t kMagic = 0x6e696168636f6711;
constexpr int64_t kLifetimeS = int64_t{30} * 24 * 3600;
// What holds still needn't be written each day.
constexpr int64_t kFreshS = int64_t{24} * 3600;

// Neither a host nor a scheme has a blank in it.
constexpr std::string_view kEnd = " ";

std::array<uint8_t, 16> KeyOf(const config::Config& config, const config::Proxy& proxy) {
  std::array<char, 8> number;
  protocol::Hash hash(protocol::Hash::Kind::kSha256);
  hash.Add(config::Scheme(proxy.type)).Add(kEnd).Add(config.text(proxy.host)).Add(kEnd);
  base::TextWriter text(number);
  text.AppendNumber(proxy.port);
  hash.Add(text.view()).Add(kEnd).Add(config.text(proxy.user));
  std::array<uint8_t, protocol::Hash::kMaxDigest> digest;
  std::array<uint8_t, 16> out;
  std::memcpy(out.data(), hash.Finish(digest).data(), out.size());
  return out;
}

std::vector<FlightRecord> ReadFile(int folder, int64_t now_s) {
  struct stat status;
  const base::Fd fd = base::OpenPrivateFile(folder, kName, &status);
  if (!fd || status.st_size >
                 static_cast<off_t>(sizeof kMagic + kMaxFlightRecords * sizeof(FlightRecord))) {
    return {};
  }
  std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size));
  const long got = sys::Pread(fd.get(), bytes.data(), bytes.size(), 0);
  if (got != static_cast<long>(bytes.size())) {
    return {};
  }
  return ReadFlightRecords(bytes, now_s);
}

FlightRecord* Find(std::vector<FlightRecord>& records, const std::array<uint8_t, 16>& proxy) {
  const auto found = std::ranges::find(records, proxy, &FlightRecord::proxy);
  return found != records.end() ? &*found : nullptr;
}

}  // namespace

std::vector<FlightRecord> ReadFlightRecords(std::span<const uint8_t> bytes, int64_t now_s) {
  std::vector<FlightRecord> out;
  uint64_t magic = 0;
  if (bytes.size() < sizeof magic) {
    return out;
  }
  std::memcpy(&magic, bytes.data(), sizeof magic);
  const std::span<const uint8_t> body = bytes.subspan(sizeof magic);
  if (magic != kMagic || body.size() % sizeof(FlightRecord) != 0 ||
      body.size() / sizeof(FlightRecord) > kMaxFlightRecords) {
    return out;
  }
  for (size_t at = 0; at < body.size(); at += sizeof(FlightRecord)) {
    FlightRecord record;
    std::memcpy(&record, body.data() + at, sizeof record);
    const bool is_good = record.own <= Answer::kNo && record.passes_on <= Answer::kNo &&
                         record.method <= Socks5Method::kPassword &&
                         record.reserved == FlightRecord{}.reserved &&
                         record.learned_s > now_s - kLifetimeS && record.learned_s <= now_s;
    if (is_good) {
      out.push_back(record);
    }
  }
  return out;
}

std::vector<uint8_t> WriteFlightRecords(std::span<const FlightRecord> records) {
  std::vector<uint8_t> out(sizeof kMagic + records.size_bytes());
  std::memcpy(out.data(), &kMagic, sizeof kMagic);
  if (!records.empty()) {
    std::memcpy(out.data() + sizeof kMagic, records.data(), records.size_bytes());
  }
  return out;
}

void FlightFile::Load(const config::Config& config, int64_t now_s, FlightTable& table) const {
  const base::Fd folder = base::OpenPrivateFolder(folder_, false);
  if (!folder) {
    return;
  }
  std::vector<FlightRecord> records = ReadFile(folder.get(), now_s);
  if (records.empty()) {
    return;
  }
  for (size_t i = 0; i < config.proxies().size(); ++i) {
    if (const FlightRecord* const record = Find(records, KeyOf(config, config.proxies()[i]))) {
      table.Preset(i, record->knowledge());
    }
  }
}

bool FlightFile::Save(const config::Config& config, int64_t now_s, FlightTable& table) const {
  bool has_news = false;
  for (size_t i = 0; i < config.proxies().size(); ++i) {
    has_news = has_news || table.HasNews(i);
  }
  const base::Fd folder = has_news ? base::OpenPrivateFolder(folder_, true) : base::Fd();
  if (!folder) {
    return false;
  }
  // Other runs may have written since this one has read.
  std::vector<FlightRecord> records = ReadFile(folder.get(), now_s);
  bool changes = false;
  for (size_t i = 0; i < config.proxies().size(); ++i) {
    if (!table.HasNews(i)) {
      continue;
    }
    // What is noted from now on is for the next time.
    table.TakeNews(i);
    const FlightTable::Knowledge known = table.Of(i);
    const FlightRecord news{.proxy = KeyOf(config, config.proxies()[i]),
                            .own = known.own,
                            .passes_on = known.passes_on,
                            .method = known.method,
                            .learned_s = now_s};
    FlightRecord* const old = Find(records, news.proxy);
    if (old != nullptr && old->knowledge() == known && now_s - old->learned_s < kFreshS) {
      continue;
    }
    changes = true;
    if (old != nullptr) {
      *old = news;
    } else {
      records.push_back(news);
    }
  }
  if (!changes) {
    return false;
  }
  std::ranges::stable_sort(records, std::ranges::greater(), &FlightRecord::learned_s);
  records.resize(std::min(records.size(), kMaxFlightRecords));
  std::array<char, 64> temporary{};
  base::TextWriter name({temporary.data(), temporary.size() - 1});
  name.Append(kName).Append('.').AppendNumber(static_cast<uint64_t>(sys::Gettid()));
  name.Append('.').AppendNumber(static_cast<uint64_t>(base::NowMs()));
  return base::ReplaceFile(folder.get(), kName, temporary.data(), WriteFlightRecords(records));
}

}  // namespace chain
