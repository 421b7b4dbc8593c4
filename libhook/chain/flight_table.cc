#include "chain/flight_table.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <atomic>

#include "base/syscalls.h"

namespace chain {
namespace {

using protocol::Socks5Method;

// Of a proxy's word: what is known, what is new, trials, and in the upper half when it was sure.
constexpr unsigned kPassesOnShift = 2;
constexpr unsigned kMethodShift = 4;
constexpr uint64_t kField = 3;
constexpr uint64_t kKnowledge = 0x3f;
constexpr uint64_t kNews = 1 << 6;
constexpr unsigned kTrialsShift = 8;
constexpr unsigned kSureShift = 32;

// Of the region: the place for a path, then the proxies' words.
enum Word : size_t { kState, kSize, kHops };
constexpr size_t kHopsPerWord = 4;
constexpr size_t kPlaceWords = kHops + config::kMaxHops / kHopsPerWord;

// Of the place; its lower half is the futex, as both machines have their bytes.
enum PlaceState : uint32_t { kFree, kTaken, kFull, kTried };

std::atomic_ref<uint64_t> Atomic(uint64_t& word) { return std::atomic_ref<uint64_t>(word); }

std::atomic_ref<uint32_t> StateOf(uint64_t* words) {
  return std::atomic_ref<uint32_t>(*reinterpret_cast<uint32_t*>(words + kState));
}

long Futex(uint64_t* words, int operation, uint32_t value) {
  return sys::Call(SYS_futex, reinterpret_cast<long>(words + kState), operation, value, 0);
}

template <typename Enum>
Enum Field(uint64_t word, unsigned shift) {
  const uint64_t value = word >> shift & kField;
  // Other processes of the user can write the region.
  return value <= 2 ? static_cast<Enum>(value) : Enum{};
}

uint64_t Packed(const FlightTable::Knowledge& knowledge) {
  return static_cast<uint64_t>(knowledge.own) |
         static_cast<uint64_t>(knowledge.passes_on) << kPassesOnShift |
         static_cast<uint64_t>(knowledge.method) << kMethodShift;
}

FlightTable::Knowledge Unpacked(uint64_t word) {
  return {Field<FlightTable::Answer>(word, 0), Field<FlightTable::Answer>(word, kPassesOnShift),
          Field<Socks5Method>(word, kMethodShift)};
}

uint64_t With(uint64_t word, const FlightTable::Knowledge& knowledge) {
  const uint64_t packed = Packed(knowledge);
  return (word & kKnowledge) == packed ? word : (word & ~kKnowledge) | packed | kNews;
}

uint64_t Seconds(int64_t now_ms) { return static_cast<uint32_t>(now_ms / 1000 + 1); }

}  // namespace

FlightTable::FlightTable(std::span<uint8_t> region, size_t proxy_count)
    : words_(reinterpret_cast<uint64_t*>(region.data())), proxy_count_(proxy_count) {}

size_t FlightTable::RegionSize(size_t proxy_count) {
  return (kPlaceWords + proxy_count) * sizeof(uint64_t);
}

uint64_t* FlightTable::At(size_t proxy) const { return words_ + kPlaceWords + proxy; }

uint64_t FlightTable::Load(size_t proxy) const {
  return proxy < proxy_count_ ? Atomic(*At(proxy)).load(std::memory_order_acquire) : 0;
}

template <typename Change>
void FlightTable::Update(size_t proxy, Change change) {
  if (proxy >= proxy_count_) {
    return;
  }
  const std::atomic_ref<uint64_t> word = Atomic(*At(proxy));
  uint64_t before = word.load(std::memory_order_relaxed);
  for (;;) {
    const uint64_t after = change(before);
    if (after == before || word.compare_exchange_weak(before, after, std::memory_order_acq_rel)) {
      return;
    }
  }
}

FlightTable::Knowledge FlightTable::Of(size_t proxy) const { return Unpacked(Load(proxy)); }

void FlightTable::Note(size_t proxy, Feat feat, bool stands) {
  Update(proxy, [=](uint64_t word) {
    Knowledge knowledge = Unpacked(word);
    (feat == Feat::kOwnMessages ? knowledge.own : knowledge.passes_on) =
        stands ? Answer::kYes : Answer::kNo;
    return With(word, knowledge);
  });
}

void FlightTable::NoteMethod(size_t proxy, Socks5Method method) {
  Update(proxy, [=](uint64_t word) {
    Knowledge knowledge = Unpacked(word);
    knowledge.method = method;
    return With(word, knowledge);
  });
}

void FlightTable::Preset(size_t proxy, const Knowledge& knowledge) {
  Update(proxy, [&](uint64_t word) { return (word & ~kKnowledge) | Packed(knowledge); });
}

bool FlightTable::HasNews(size_t proxy) const { return (Load(proxy) & kNews) != 0; }

void FlightTable::TakeNews(size_t proxy) {
  Update(proxy, [](uint64_t word) { return word & ~kNews; });
}

bool FlightTable::IsSure(size_t proxy, int64_t now_ms) const {
  const uint64_t since = Load(proxy) >> kSureShift;
  return since != 0 && Seconds(now_ms) - since < static_cast<uint64_t>(kSureMs / 1000);
}

void FlightTable::SetSure(size_t proxy, int64_t now_ms) {
  Update(proxy, [=](uint64_t word) {
    return (word & ((uint64_t{1} << kSureShift) - 1)) | Seconds(now_ms) << kSureShift;
  });
}

unsigned FlightTable::Trials(size_t proxy) const {
  return static_cast<unsigned>(Load(proxy) >> kTrialsShift & kField);
}

void FlightTable::CountTrial(size_t proxy) {
  static_assert(kMaxTrials <= kField);
  Update(proxy, [](uint64_t word) {
    return (word >> kTrialsShift & kField) < kMaxTrials ? word + (1 << kTrialsShift) : word;
  });
}

void FlightTable::AskForTrial(const Path& path) {
  uint32_t free = kFree;
  if (words_ == nullptr ||
      !StateOf(words_).compare_exchange_strong(free, kTaken, std::memory_order_acq_rel)) {
    return;
  }
  Atomic(words_[kSize]).store(path.size(), std::memory_order_relaxed);
  for (size_t i = 0; i < path.size(); i += kHopsPerWord) {
    uint64_t word = 0;
    for (size_t j = 0; j < kHopsPerWord && i + j < path.size(); ++j) {
      word |= uint64_t{path[i + j]} << (16 * j);
    }
    Atomic(words_[kHops + i / kHopsPerWord]).store(word, std::memory_order_relaxed);
  }
  StateOf(words_).store(kFull, std::memory_order_release);
  Futex(words_, FUTEX_WAKE, 1);
}

Path FlightTable::WaitForPath() {
  for (;;) {
    uint32_t state;
    while ((state = StateOf(words_).load(std::memory_order_acquire)) != kFull) {
      Futex(words_, FUTEX_WAIT, state);
    }
    Path path;
    const uint64_t size = Atomic(words_[kSize]).load(std::memory_order_relaxed);
    bool is_good = size > 0 && size <= config::kMaxHops;
    for (size_t i = 0; is_good && i < size; ++i) {
      const uint64_t word =
          Atomic(words_[kHops + i / kHopsPerWord]).load(std::memory_order_relaxed);
      const auto proxy = static_cast<uint16_t>(word >> (16 * (i % kHopsPerWord)));
      is_good = proxy < proxy_count_;
      path.Add(proxy);
    }
    StateOf(words_).store(is_good ? kTried : kFree, std::memory_order_release);
    if (is_good) {
      return path;
    }
  }
}

void FlightTable::EndTrial() { StateOf(words_).store(kFree, std::memory_order_release); }

bool FlightTable::HasTrial() const {
  return StateOf(words_).load(std::memory_order_acquire) >= kFull;
}

}  // namespace chain
